import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { httpCall } from "../../http/http-call.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeBody } from "../../protocol/envelope-check.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import { chainPerson } from "../membership/chain.fixture.ts";
import { envelopes, linkBench, meshId, place } from "./link-bench.fixture.ts";

test("a broker that cannot prove the pinned key hears nothing of the member, and the daemon ends", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  link.challenge(generateKeyPairSync("ed25519").privateKey);
  assert.equal((await made.daemon.ended)?.kind, "auth_failed");
  await link.closed;
  await assert.rejects(link.next("hello"), /closed before hello/);
});

test("an error told before anything is proven ends the opening and not the daemon, whatever it says of itself", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  const details = { close_kind: "member_revoked", link_error: "kicked", not_before_ms: 1e300 };
  link.send({ type: "error", code: "internal", message: "no", retryable: false, closes: false, details });
  await made.link("waiting");
  made.clock.advance(30_000);
  await (await made.broker.connection()).open();
  await made.link("connected");
});

test("a broker that falls silent is given up after 75 seconds; one that answers pings is not", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  for (let n = 0; n < 4; n += 1) {
    const pinged = new Promise((resolve) => link.socket.once("ping", resolve));
    made.clock.advance(30_000);
    await pinged;
    // The pong has arrived once the answer to what was asked after it has.
    await made.get("/v1/health");
    link.socket.pong();
    const ponged = new Promise((resolve) => link.socket.once("pong", resolve));
    link.socket.ping();
    await ponged;
  }
  assert.equal(((await made.get("/v1/health"))["link"] as { state: string }).state, "connected");
  link.socket.pause();
  made.clock.advance(120_000);
  await made.link("waiting");
});

test("another rhythm of pings is in force on the open link at once", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  const ping = (): Promise<unknown> => new Promise((resolve) => link.socket.once("ping", resolve));
  writeFileSync(join(made.dir, "config.toml"), "[link]\nping_seconds = 2\nsilence_seconds = 4\n");
  const first = ping();
  made.daemon.reload();
  await first;
  const next = ping();
  made.clock.advance(2_000);
  await next;
  link.socket.pause();
  made.clock.advance(4_000);
  await made.link("waiting");
});

test("a push is acknowledged once it is in the inbox, cumulatively per destination", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  link.send({ type: "push", items: [place(1, "dm"), place(2, "topic:t"), place(4, "dm")] });
  const { acks } = await link.next("push_ack");
  assert.deepEqual(acks, [
    { destination: "dm", seq: 4 },
    { destination: "topic:t", seq: 2 },
  ]);
  link.socket.terminate();
  await made.link("waiting");
  made.clock.advance(30_000);
  const hello = await (await made.broker.connection()).open();
  assert.equal(hello.position?.seq, 4, "hello carries the last place that is on disk");
});

test("that a message was read is told at once, not with the next push", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  await made.send("one");
  const [envelope] = await envelopes(link, 1);
  assert.ok(envelope !== undefined);
  const { client_message_id, request_fingerprint } = envelope;
  link.send({ type: "push", items: [{ ...place(1, "dm"), client_message_id, request_fingerprint, envelope }] });
  const delivered = await link.next("receipt");
  link.send({ type: "reply", id: delivered.id, result: {} });
  await httpCall({ socketPath: made.daemon.socketPath }, "POST", "/v1/inbox/1/read", { body: {} });
  const read = await link.next("receipt");
  assert.deepEqual(
    [delivered, read].map(({ groups }) => groups[0]?.items.map(({ state }) => state)),
    [["delivered"], ["read"]],
  );
});

test("what was sent and not answered when the link broke goes out again: the same bytes, in the same order", async (t) => {
  const made = await linkBench(t);
  const first = await made.broker.connection();
  await first.open();
  await made.link("connected");
  for (const id of ["one", "two", "three"]) await made.send(id);
  const before = await envelopes(first, 3);
  first.socket.terminate();
  await made.link("waiting");
  made.clock.advance(30_000);
  const second = await made.broker.connection();
  await second.open();
  assert.deepEqual(await envelopes(second, 3), before);
});

test("a row refused after an attempt whose outcome is unknown is voided at once, and what waits behind it goes on", async (t) => {
  const made = await linkBench(t);
  const first = await made.broker.connection();
  await first.open();
  await made.link("connected");
  await made.send("one");
  const [envelope] = await envelopes(first, 1);
  first.socket.terminate();
  await made.link("waiting");
  made.clock.advance(30_000);
  const second = await made.broker.connection();
  await second.open();
  const { id } = await second.next("send");
  const client_message_id = envelope?.client_message_id ?? "";
  second.send({
    type: "send_ack",
    id,
    items: [{ status: 403, client_message_id, code: "not_subscribed", message: "" }],
  });
  const asked = await second.next("void");
  assert.deepEqual(asked.items, [client_message_id]);
  await made.send("two");
  second.send({ type: "void_ack", id: asked.id, items: [{ client_message_id, status: "void" }] });
  while ((await made.get("/v1/outbox/1"))["status"] !== "dead") await new Promise((resolve) => setImmediate(resolve));
  made.clock.advance(500);
  assert.match((await envelopes(second, 1))[0]?.client_message_id ?? "", /:two$/);
});

test("a link whose broker never answers a send is given up", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  await made.send("one");
  await envelopes(link, 1);
  made.clock.advance(30_000);
  await link.closed;
  await made.link("waiting");
});

test("what the broker pushes right behind hello_ack is stored and acknowledged before what it pushes later", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  const seqs = Array.from({ length: 12 }, (_, n) => n + 1);
  await link.open({}, [{ type: "push", items: [place(1, "dm")] }]);
  // One a turn of the event loop: some of them arrive while the link is still being begun.
  for (const seq of seqs.slice(1)) {
    await new Promise((resolve) => setImmediate(resolve));
    link.send({ type: "push", items: [place(seq, "dm")] });
  }
  const acked: number[] = [];
  while (acked.at(-1) !== 12 && acked.length < 12) acked.push((await link.next("push_ack")).acks[0]?.seq ?? 0);
  assert.deepEqual(acked, seqs);
});

test("a daemon that is stopped while it dials stops", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  link.challenge();
  await link.next("hello");
  await made.daemon.stop();
  await link.closed;
});

test("frames of a type that the daemon does not know are passed over; a broken one ends the link, not the daemon", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  link.send({ type: "from_the_future", id: 7, anything: [] });
  link.send({ type: "event", event: "from_the_future" });
  const pinged = new Promise((resolve) => link.socket.once("pong", resolve));
  link.socket.ping();
  await pinged;
  assert.equal(((await made.get("/v1/health"))["link"] as { state: string }).state, "connected");
  link.socket.send("{");
  await made.link("waiting");
  const told = (await made.get("/v1/health"))["link"] as { last_error: string; last_error_kind: string };
  assert.equal(told.last_error_kind, "protocol_error", "not as if the broker had closed it");
  assert.match(told.last_error, /^given up: .*JSON/);
  made.clock.advance(30_000);
  await (await made.broker.connection()).open();
  await made.link("connected");
});

test("a frame that is binary or no UTF-8 ends the link, not the daemon, also instead of the broker's answer to its hello", async (t) => {
  const made = await linkBench(t);
  const frames: readonly [Buffer, boolean][] = [
    [Buffer.from('{"type":"event","event":"x"}'), true],
    [Buffer.from([0x7b, 0xff, 0x7d]), false],
  ];
  for (const [bytes, binary] of frames) {
    const opening = await made.broker.connection();
    opening.challenge();
    await opening.next("hello");
    opening.socket.send(bytes, { binary });
    await opening.closed;
    await made.link("waiting");
    made.clock.advance(30_000);
    const open = await made.broker.connection();
    await open.open();
    await made.link("connected");
    open.socket.send(bytes, { binary });
    await open.closed;
    await made.link("waiting");
    made.clock.advance(30_000);
  }
  await (await made.broker.connection()).open();
  await made.link("connected");
});

test("what does not pass its checks is told in the log, with whom it names and why, once a push", async (t) => {
  const told: unknown[] = [];
  const log = { ...silentLog, warn: (fields: object, message: string) => void told.push([fields, message]) };
  const made = await linkBench(t, { log });
  const link = await made.connected();
  const sender = "b".repeat(64);
  const items = [1, 2].map((seq) => {
    const { envelope } = checkedPush(seq, sender, "ops", "forged").item;
    return {
      ...place(seq, `member:${made.self.memberId}`),
      envelope: { ...envelope, mesh_id: meshId.replace(/1$/, "2"), signature: "A".repeat(86) },
    };
  });
  link.send({ type: "push", items });
  await link.next("push_ack");
  assert.deepEqual(told, [
    [
      { count: 2, history_id: 1, sender, reason: "it belongs to another mesh" },
      "what was received did not pass its checks and is shown to nobody as a message",
    ],
  ]);
});

test("what nobody has signed waits until the topics were asked for again, and nothing behind it is acknowledged before it", async (t) => {
  const made = await linkBench(t);
  const bob = chainPerson("bob", meshId);
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  made.chain().append(made.self, { kind: "policy", destination: "#alerts", unsealed: true });
  const link = await made.connected();
  link.topics = null;
  const topicId = "0198f0a0-0000-7000-8000-0000000000aa";
  const sender = bob.memberId;
  const [message, later] = ["disk is full", "disk is empty"].map((text, index) => {
    const draft = { ...checkedPush(index + 1, sender, "alerts", text).item.envelope, mesh_id: meshId } as Envelope;
    const unsigned = { ...draft, key_id: "api:0198f0a0-0000-7000-8000-00000000000a" };
    const request_fingerprint = envelopeFingerprint(unsigned, envelopeBody(unsigned)).toString("hex");
    return { ...place(index + 1, `topic:${topicId}`), envelope: { ...unsigned, request_fingerprint } };
  });
  link.send({ type: "push", items: [message] });
  const { id } = await link.next("topics");
  link.send({ type: "push", items: [later] });
  link.send({ type: "push", items: [place(3, "dm")] });
  // Handled after the pushes, and answered: had one of them been acknowledged, that would have come before.
  link.send({ type: "notices", id: 77, items: [] });
  assert.equal((await link.next("reply")).id, 77);
  const topic = { topic_id: topicId, name: "alerts", subscribers: 1, subscribed: true, unsealed: true };
  link.send({ type: "reply", id, result: { topics: [{ ...topic, unsealed_through: 0 }] } });
  const acks = [await link.next("push_ack"), await link.next("push_ack"), await link.next("push_ack")];
  assert.deepEqual(
    acks.map((frame) => frame.acks),
    [
      [{ destination: `topic:${topicId}`, seq: 1 }],
      [{ destination: `topic:${topicId}`, seq: 2 }],
      [{ destination: "dm", seq: 3 }],
    ],
  );
  const { items } = await made.get("/v1/inbox");
  assert.deepEqual(
    (items as Record<string, unknown>[]).map(({ message, verified, encrypted, via }) => [
      message,
      verified,
      encrypted,
      via,
    ]),
    [
      ["disk is full", false, false, "api:0198f0a0-0000-7000-8000-00000000000a"],
      ["disk is empty", false, false, "api:0198f0a0-0000-7000-8000-00000000000a"],
    ],
  );
});
