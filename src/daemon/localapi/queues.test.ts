import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import type { Route } from "../../http/route.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { aliceKey, plainEnvelope, signedEnvelope } from "../../protocol/envelope.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { createLeasedFiles } from "../files/leased-files.ts";
import { unsealedMesh } from "../link/unsealed-mesh.fixture.ts";
import { membershipOf } from "../membership/chain.fixture.ts";
import { createTestLink, type TestLink } from "./link.fixture.ts";
import { queueRoutes } from "./queues.ts";

const alice = publicKeyHexOf(aliceKey);
const self = { memberId: "b2".repeat(32), name: "bob" };
const mesh = {
  mesh_id: plainEnvelope.mesh_id,
  slug: "local",
  member_name: "bob",
  broker_url: "ws://127.0.0.1:9/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};
const instant = "2026-01-01T00:00:00.000Z";

const signed = signedEnvelope({
  ...plainEnvelope,
  sender: alice,
  key_id: alice,
  client_message_id: `${alice.slice(0, 16)}:build-42`,
  destination_kind: "queue",
  destination_ref: "work",
  supersedes: null,
});

/** What a broker tells of a message under a lease. */
const told = (envelope: Envelope | null, item = {}, lease = {}) => ({
  lease_id: "7-x",
  lease_until: instant,
  deliveries: 2,
  item: {
    destination: "queue:work",
    seq: 7,
    epoch: 1,
    broker_message_id: "0198f0a0-0000-7000-8000-000000000007",
    accepted_at: instant,
    position: null,
    client_message_id: signed.client_message_id,
    request_fingerprint: signed.request_fingerprint,
    envelope,
    ...item,
  },
  ...lease,
});

interface Asking {
  readonly link: TestLink;
  ask(name: string, written?: { body?: object; query?: object; gone?: AbortSignal }): Promise<Record<string, unknown>>;
  claimed(message: unknown): Promise<Record<string, unknown>>;
}

function asking(): Asking {
  const link = createTestLink({
    members: [{ member_id: alice, name: "alice", role: "owner", online: true, agents: [], last_seen_at: null }],
    topics: [],
    queues: [{ name: "work" }],
  });
  link.connected = true;
  const { membership, keyring } = unsealedMesh({ [alice]: "alice" });
  const routes = queueRoutes({
    link,
    membership: { ...membershipOf(null), state: () => membership.state() },
    self,
    mesh,
    log: silentLog,
    keyring,
    leasedFiles: createLeasedFiles(systemClock),
  });
  async function ask(name: string, written: Parameters<Asking["ask"]>[1] = {}): Promise<Record<string, unknown>> {
    const route = routes.find((one) => one.name === name) as Extract<Route, { handle: unknown }>;
    const { body = {}, query = {}, gone = new AbortController().signal } = written;
    const call = {
      params: { queue: "work" },
      query,
      headers: {},
      body,
      transport: "unix" as const,
      address: "",
      admitted: undefined,
      bytes: Buffer.alloc(0),
      incoming: null,
      bodiless: false,
      gone: () => gone,
    };
    const reply = await route.handle(call as Parameters<typeof route.handle>[0]);
    return (reply as { body: Record<string, unknown> }).body;
  }
  return {
    link,
    ask,
    async claimed(message) {
      link.answers.set("claim", { messages: [message] });
      const { items } = await ask("queueClaim");
      return (items as Record<string, unknown>[])[0] ?? assert.fail("nothing");
    },
  };
}

test("a claimed message is shown with what its sender wrote and the lease, once its signature is checked", async () => {
  const { claimed } = asking();
  const message = await claimed(told(signed));
  assert.deepEqual(message["from"], { member_id: alice, name: "alice", agent: null });
  assert.deepEqual(
    [
      message["verified"],
      message["to"],
      message["message"],
      JSON.stringify(message["meta"]),
      message["lease_id"],
      message["deliveries"],
    ],
    [true, "queue:work", "hello", '{"run":42}', "7-x", 2],
  );
});

test("of what a broker has changed, made up or taken from elsewhere nothing is shown but why", async () => {
  const { claimed } = asking();
  const other = { ...signed, destination_ref: "other" };
  for (const [envelope, reason] of [
    [{ ...signed, body: Buffer.from("rm -rf /").toString("base64url") }, /fingerprint/],
    [{ ...signed, signature: Buffer.alloc(64, 7).toString("base64url") }, /signature/],
    [{ ...signed, sender: "c3".repeat(32), key_id: "c3".repeat(32) }, /prefix|signature|fingerprint/],
    [signedEnvelope(other), /sent elsewhere/],
    [signedEnvelope({ ...signed, destination_kind: "dm", destination_ref: self.memberId }), /sent elsewhere/],
    [signedEnvelope({ ...signed, mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13" }), /another mesh/],
    [{ version: 0 } as unknown as Envelope, /version/],
  ] as const) {
    const message = await claimed(told(envelope));
    assert.equal(message["verified"], false, JSON.stringify(message));
    assert.match(String(message["unavailable"]), reason);
    assert.equal("body" in message || "message" in message, false);
    assert.equal(message["lease_id"], "7-x", "it can be given back");
  }
  const stub = await claimed(told(null, { stub_reason: "too_large_for_link" }));
  assert.deepEqual([stub["verified"], stub["unavailable"]], [false, "too_large_for_link"]);
});

test("what a broker answers is refused whole when it cannot be what was asked for", async () => {
  const { link, ask, claimed } = asking();
  const unreadable = { code: "protocol_error" };
  for (const wrong of [
    null,
    {},
    told(signed, {}, { lease_id: 7 }),
    told(signed, {}, { lease_until: "soon" }),
    told(signed, {}, { deliveries: -1 }),
    told(signed, { seq: "7" }),
    told(signed, { accepted_at: "\u001b[2J" }),
    told("text" as unknown as Envelope),
  ])
    await assert.rejects(claimed(wrong), unreadable, JSON.stringify(wrong));
  const counts = { ready: 0, delayed: 0, leased: 0, dead: 0 };
  const info = { name: "work", created_by: alice, created_at: instant, deliveries_max: 5, counts };
  link.answers.set("queues", { queues: [info] });
  assert.equal((await ask("queueShow"))["address"], "queue:work");
  for (const wrong of [
    { counts: null },
    { counts: { ...counts, dead: "x" } },
    { created_at: 1 },
    { deliveries_max: null },
  ]) {
    link.answers.set("queues", { queues: [{ ...info, ...wrong }] });
    for (const name of ["queueShow", "queueList"]) await assert.rejects(ask(name), unreadable, JSON.stringify(wrong));
  }
  link.answers.set("queues", { queues: [{ ...info, name: "$(id)" }] });
  await assert.rejects(ask("queueList"), unreadable);
});

test("what was leased for a caller who has gone meanwhile is given back, and asked for under its signal", async () => {
  const { link, ask } = asking();
  const gone = new AbortController();
  link.answers.set("claim", { messages: [told(signed)] });
  await ask("queueClaim", { gone: gone.signal });
  assert.deepEqual(
    link.asked.map(({ type }) => type),
    ["claim"],
  );
  gone.abort();
  await ask("queueClaim", { gone: gone.signal });
  const last: Record<string, unknown> = link.asked.at(-1) ?? {};
  assert.deepEqual([last["type"], last["lease_id"], last["delay_ms"]], ["nack", "7-x", 0]);
});

test("so many claims may wait, so that sends find room; those that do not wait pass, and one that has ended makes room", async () => {
  const { link, ask } = asking();
  const answer = Promise.withResolvers<unknown>();
  link.answers.set("claim", answer.promise);
  const waiting = Array.from({ length: limits.localClaimsWaitingMax }, () =>
    ask("queueClaim", { body: { wait_s: 30 } }),
  );
  await assert.rejects(ask("queueClaim", { body: { wait_s: 1 } }), { code: "daemon_busy" });
  const passing = ask("queueClaim");
  answer.resolve({ messages: [] });
  await Promise.all([...waiting, passing]);
  assert.deepEqual((await ask("queueClaim", { body: { wait_s: 1 } }))["items"], []);
});

test("units are the caller's: seconds here, milliseconds to the broker; what is left out has its default", async () => {
  const { link, ask } = asking();
  link.answers.set("claim", { messages: [] });
  await ask("queueClaim", { body: { limit: 3, lease_s: 5, wait_s: 2 } });
  await ask("queueClaim");
  const frames = link.asked.map(({ limit, lease_ms, wait_ms, queue }) => [queue, limit, lease_ms, wait_ms]);
  assert.deepEqual(frames, [
    ["work", 3, 5_000, 2_000],
    ["work", 1, 60_000, 0],
  ]);
  link.answers.set("nack", new ClaudemeshError("lease_lost", "over"));
  await assert.rejects(ask("queueNack", { body: { lease_id: "7-x", delay_s: 9, reason: "busy" } }), {
    code: "lease_lost",
  });
  assert.equal(link.asked.at(-1)?.["delay_ms"], 9_000);
});

test("what nobody has signed is shown of a queue that is open for that, or was, which the broker is asked for when it is not known", async () => {
  const draft = { ...signed, key_id: "api:0198f0a0-0000-7000-8000-00000000000a", signature: "" };
  const unsigned = told(draft);
  const judged = async (queue: object): Promise<unknown[]> => {
    const { link, claimed } = asking();
    link.answers.set("queues", { queues: [{ name: "work", ...queue }] });
    const message = await claimed(unsigned);
    assert.deepEqual(link.asked.at(-1), { type: "queues", counts: false, queue: "work" });
    return [message["verified"], message["message"] ?? null, message["via"] ?? message["unavailable"]];
  };
  assert.deepEqual(await judged({ unsealed: true, unsealed_through: 0 }), [false, "hello", draft.key_id]);
  assert.deepEqual(await judged({ unsealed: false, unsealed_through: 7 }), [false, "hello", draft.key_id]);
  const hidden = [false, null, "it is not signed, and its destination is not open for that"];
  for (const policy of [
    {},
    { unsealed: false, unsealed_through: 6 },
    { unsealed: "yes" },
    { name: "other", unsealed: true },
  ])
    assert.deepEqual(await judged(policy), hidden, JSON.stringify(policy));
  const { link, claimed } = asking();
  link.known = { members: [], topics: [], queues: [{ name: "work", unsealed: true }] };
  assert.equal((await claimed(unsigned))["message"], "hello");
  assert.equal(link.asked.at(-1)?.["type"], "claim", "what is known is not asked for");
  link.answers.set("queues", { queues: [{ name: "work", unsealed: true }] });
  assert.deepEqual((await claimed(told(draft, { destination: "queue:other" })))["message"], undefined);
});
