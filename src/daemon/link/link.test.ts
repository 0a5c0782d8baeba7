import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { silentLog } from "../../base/log.ts";
import { closeReasonBytesMax, type CloseKind } from "../../protocol/close-codes.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { createDaemon, type Daemon } from "../daemon.ts";
import { createMember } from "../identity/member.ts";
import { httpCall } from "../localapi/http-call.fixture.ts";
import { dedupeParams, type FakeBroker, type FakeLink, fakeBroker, supported } from "./fake-broker.fixture.ts";

const meshId = "0198f0a0-0000-7000-8000-000000000001";

interface Bench {
  readonly broker: FakeBroker;
  readonly daemon: Daemon;
  readonly clock: ManualClock;
  get(path: string): Promise<Record<string, unknown>>;
  send(id: string): Promise<void>;
  /** Resolves when the link is in that state. */
  link(state: string): Promise<void>;
}

async function bench(t: TestContext, change: { brokerKey?: string } = {}): Promise<Bench> {
  const root = mkdtempSync(join(tmpdir(), "cm-link-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const broker = await fakeBroker(t, meshId);
  const dir = join(root, "local");
  const mesh = {
    mesh_id: meshId,
    slug: "local",
    member_name: "ada",
    broker_url: broker.url,
    broker_key: change.brokerKey ?? broker.key,
  };
  createMember(dir, mesh, 0);
  const clock = createManualClock(Date.now());
  const daemon = createDaemon({ dir, clock, log: silentLog, http: false });
  t.after(() => daemon.stop());
  await daemon.start();
  const target = { socketPath: daemon.socketPath };
  const made: Bench = {
    broker,
    daemon,
    clock,
    get: async (path) => (await httpCall(target, "GET", path)).json,
    async send(id) {
      const { status, text } = await httpCall(target, "POST", "/v1/send", {
        body: { to: "@ada", message: id, client_message_id: id },
      });
      assert.equal(status, 202, text);
    },
    async link(state) {
      while (((await made.get("/v1/health"))["link"] as { state: string }).state !== state)
        await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return made;
}

test("a broker that cannot prove the pinned key hears nothing of the member, and the daemon ends", async (t) => {
  const made = await bench(t);
  const link = await made.broker.connection();
  link.challenge(generateKeyPairSync("ed25519").privateKey);
  assert.equal((await made.daemon.ended)?.kind, "auth_failed");
  await link.closed;
  await assert.rejects(link.next("hello"), /closed before hello/);
});

for (const kind of [
  "auth_failed",
  "replaced_by_newer_connection",
  "member_already_connected",
  "member_revoked",
] as const satisfies CloseKind[]) {
  test(`closed as ${kind}, while opening or later, the daemon does not dial again`, async (t) => {
    for (const opened of [false, true]) {
      const made = await bench(t);
      const link = await made.broker.connection();
      if (opened) {
        await link.open();
        await made.link("connected");
      } else {
        link.challenge();
        await link.next("hello");
      }
      link.close(kind);
      assert.equal((await made.daemon.ended)?.kind, kind);
      made.clock.advance(3_600_000);
      assert.equal(made.broker.waiting(), 0);
    }
  });
}

for (const kind of ["protocol_error", "slow_consumer"] as const satisfies CloseKind[]) {
  test(`closed as ${kind} the daemon dials again after a pause`, async (t) => {
    const made = await bench(t);
    const link = await made.broker.connection();
    await link.open();
    await made.link("connected");
    link.close(kind);
    await made.link("waiting");
    assert.equal(made.broker.waiting(), 0);
    made.clock.advance(30_000);
    await (await made.broker.connection()).open();
    await made.link("connected");
  });
}

test("kicked until a time, the daemon stays away until then", async (t) => {
  const made = await bench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  const until = new Date(made.clock.now() + 600_000).toISOString();
  link.socket.close(4009, JSON.stringify({ kind: "kicked", until }));
  await made.link("waiting");
  made.clock.advance(599_000);
  assert.equal(made.broker.waiting(), 0);
  made.clock.advance(32_000);
  await (await made.broker.connection()).open();
});

for (const [kind, code, features] of [
  ["feature_unavailable", 4010, { supported: {}, missing_required: ["client_message_id_dedupe"] }],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, version: 9 })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, mode: "for a while" })],
  ["feature_param_invalid", 4011, supported({ ...dedupeParams, dedupe_retention_days: "many".repeat(100) })],
  ["feature_param_below_floor", 4012, supported({ ...dedupeParams, dedupe_retention_days: 2 })],
] as const) {
  test(`${kind}: the daemon says so in full, closes with ${code}, keeps an event of it, and ends`, async (t) => {
    const made = await bench(t);
    const link = await made.broker.connection();
    await link.open({ features: features as never });
    const error = await link.next("error");
    assert.deepEqual([error.code, error.closes, error.details?.["feature"]], [kind, true, "client_message_id_dedupe"]);
    const closed = await link.closed;
    assert.equal(closed.code, code);
    assert.ok(Buffer.byteLength(closed.reason) <= closeReasonBytesMax);
    assert.equal((JSON.parse(closed.reason) as { kind: string }).kind, kind);
    assert.equal((await made.daemon.ended)?.kind, kind);
  });
}

test("three days of dedupe are enough, and permanent is", async (t) => {
  for (const dedupe of [
    { ...dedupeParams, dedupe_retention_days: 3 },
    { version: 2, mode: "permanent", fingerprint_versions: ["sha256-jcs-v2"] },
  ]) {
    const made = await bench(t);
    await (await made.broker.connection()).open({ features: supported(dedupe) });
    await made.link("connected");
  }
});

test("a broker that falls silent is given up after 75 seconds; one that answers pings is not", async (t) => {
  const made = await bench(t);
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

test("a push is acknowledged once it is in the inbox, cumulatively per destination", async (t) => {
  const made = await bench(t);
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

test("what was sent and not answered when the link broke goes out again: the same bytes, in the same order", async (t) => {
  const made = await bench(t);
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
  const made = await bench(t);
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
  const made = await bench(t);
  const link = await made.broker.connection();
  await link.open();
  await made.link("connected");
  await made.send("one");
  await envelopes(link, 1);
  made.clock.advance(30_000);
  await link.closed;
  await made.link("waiting");
});

/** A place of the log without its message. */
function place(seq: number, destination: string) {
  return {
    destination,
    seq,
    epoch: 1,
    broker_message_id: `m${seq}`,
    accepted_at: "2026-01-01T00:00:00.000Z",
    position: { epoch: 1, seq, broker_message_id: `m${seq}`, incarnation: "i", mac: "x" },
    client_message_id: null,
    request_fingerprint: null,
    envelope: null,
    stub_reason: "pruned",
  };
}

async function envelopes(link: FakeLink, count: number): Promise<readonly Envelope[]> {
  const found: Envelope[] = [];
  while (found.length < count) found.push(...(await link.next("send")).items);
  return found;
}

test("what the broker pushes right behind hello_ack is stored and acknowledged before what it pushes later", async (t) => {
  const made = await bench(t);
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
  const made = await bench(t);
  const link = await made.broker.connection();
  link.challenge();
  await link.next("hello");
  await made.daemon.stop();
  await link.closed;
});

test("frames of a type that the daemon does not know are passed over; a broken one ends the link, not the daemon", async (t) => {
  const made = await bench(t);
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
  made.clock.advance(30_000);
  await (await made.broker.connection()).open();
  await made.link("connected");
});
