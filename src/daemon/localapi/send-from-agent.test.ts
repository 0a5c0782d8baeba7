import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Answer, httpCall } from "../../http/http-call.fixture.ts";
import { localFingerprint } from "../../client/fingerprints.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { inboxAt, me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { historyItem } from "./history-item.ts";
import { accepted } from "./link.fixture.ts";
import { directory, meshId, type SendHost, startSendHost } from "./send-host.fixture.ts";

const bob = "b".repeat(64);
let dir: string;
let host: SendHost;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "cm-from-agent-"));
  host = await startSendHost(dir);
});
afterEach(async () => {
  await host.stop();
  rmSync(dir, { recursive: true });
});

const post = (path: string, body: unknown): Promise<Answer> =>
  httpCall(host.targets[0] ?? assert.fail(), "POST", path, { body });
const send = (fields: Record<string, unknown>): Promise<Answer> =>
  post("/v1/send", { to: "@bob", message: "hello", ...fields });

/** Envelopes that leave for the broker, which accepts them. */
async function sent(): Promise<readonly Envelope[]> {
  const rows = await host.outbox.claimDue(Date.now(), 100);
  const answers = rows.map(({ outboxId, envelope }) => ({
    outboxId,
    answer: accepted(envelope.client_message_id, outboxId),
  }));
  await host.outbox.settle(answers, Date.now());
  return rows.map(({ envelope }) => envelope);
}

test("the agent that sends and the hops travel in meta, beside the caller's own", async () => {
  await send({ from_agent: "Frontend", hops: 2, meta: { build: 7 } });
  await send({});
  assert.deepEqual(
    (await sent()).map(({ meta }) => meta),
    ['{"build":7,"claudemesh.from_agent":"frontend","claudemesh.hops":2}', ""],
  );
});

test("an agent that is none of this member's is refused with the names near it, and nothing is kept", async () => {
  const refused = await send({ from_agent: "fronted", client_message_id: "k" });
  assert.deepEqual([refused.status, refused.json["code"]], [404, "unknown_agent"], refused.text);
  assert.deepEqual(refused.json["suggestions"], ["frontend"]);
  assert.equal(host.outbox.counts().pending, 0);
  assert.equal((await send({ from_agent: "frontend", client_message_id: "k" })).status, 202, "the id was still free");
});

test("names that are none, hops beyond the last and keys that the daemon writes are refused, and nothing is kept", async () => {
  const codes = [
    [{ from_agent: "not a name" }, "invalid_destination"],
    [{ from_agent: "" }, "invalid_destination"],
    [{ from_agent: "x".repeat(65) }, "invalid_field"],
    [{ from_agent: 7 }, "invalid_field"],
    [{ hops: 9 }, "invalid_field"],
    [{ hops: -1 }, "invalid_field"],
    [{ hops: 1.5 }, "invalid_field"],
    [{ meta: { "claudemesh.from_agent": "backend" } }, "invalid_field"],
    [{ meta: { "claudemesh.anything": null } }, "invalid_field"],
    [{ fromAgent: "frontend" }, "unknown_field"],
    [{ meta: { a: "x".repeat(8_170) }, from_agent: "frontend" }, "meta_too_large"],
  ] as const;
  for (const [fields, code] of codes) {
    const refused = await send(fields);
    assert.equal(refused.json["code"], code, `${JSON.stringify(fields).slice(0, 80)}: ${refused.text}`);
  }
  assert.equal(host.outbox.counts().pending, 0);
});

test("the same id from the same agent is the same message, from another one a conflict; a former agent still gets the answer", async () => {
  const first = await send({ client_message_id: "k", from_agent: "frontend" });
  assert.equal(first.json["duplicate"], false);
  assert.equal((await send({ client_message_id: "k", from_agent: "FRONTEND" })).json["duplicate"], true);
  for (const other of [{ from_agent: "backend" }, {}, { from_agent: "frontend", hops: 1 }, { from_agent: "gone" }]) {
    const conflict = await send({ client_message_id: "k", ...other });
    assert.equal(conflict.json["conflict"], "outbox_pending_fingerprint_mismatch", JSON.stringify(other));
  }
  // Answered from its row, before anything is looked up: the agent may be forgotten since.
  await host.stop();
  host = await startSendHost(dir, { agents: [] });
  assert.equal((await send({ client_message_id: "k", from_agent: "frontend" })).json["duplicate"], true);
});

test("what a client computes of a request is what the daemon compares", async () => {
  const request = { to: "@bob", message: "hello", meta: { a: 1 }, from_agent: "Frontend", hops: 3 };
  await send({ ...request, client_message_id: "k" });
  const other = await send({ client_message_id: "k" });
  assert.equal(other.json["daemon_fingerprint_prefix"], localFingerprint(request, meshId).slice(0, 16));
});

test("sent again with another text or other meta, a message is still from its agent", async () => {
  await send({ from_agent: "frontend", hops: 1, meta: { build: 7 } });
  const text = await post("/v1/outbox/1/requeue", { patch: { message: "other text" } });
  assert.equal(text.status, 200, text.text);
  await post("/v1/outbox/2/requeue", { patch: { meta: { build: 8 } } });
  await post("/v1/outbox/3/requeue", { patch: { meta: null } });
  const [envelope] = await sent();
  assert.equal(envelope?.meta, '{"claudemesh.from_agent":"frontend","claudemesh.hops":1}');
  const forged = await post("/v1/outbox/4/requeue", { patch: { meta: { "claudemesh.hops": 0 } } });
  assert.notEqual(forged.status, 200);
  await send({ from_agent: "backend", to: "#ops", client_message_id: "stays" });
  const refused = await post("/v1/outbox/5/requeue", { patch: { meta: { "claudemesh.from_agent": "x" } } });
  assert.equal(refused.json["code"], "invalid_field", refused.text);
});

test("a receiver sees who sent, how many hops, and the sender's meta without what the daemons say to each other", async () => {
  const inbox = inboxAt(join(dir, "inbox.db"));
  await inbox.start();
  const meta = '{"build":7,"claudemesh.from_agent":"frontend","claudemesh.hops":2,"claudemesh.later":true}';
  const signed = checkedPush(1, bob, me, "hello", { meta });
  const byKey = { ...checkedPush(2, bob, "ops", "hello", { meta, key_id: "api:k", signature: "" }), verified: false };
  await inbox.store([signed, byKey], 1);
  const items = [inbox.item(1), inbox.item(2)];
  const self = { memberId: me, name: "ada" };
  const history = [signed, byKey].map((push) => historyItem(push, null, self));
  for (const [first, second] of [items, history]) {
    assert.ok(first && "body" in first && second && "body" in second);
    assert.deepEqual([first.from.agent, first.hops, first.meta], ["frontend", 2, { build: 7 }]);
    // The broker may write whatever it likes into what nobody has signed.
    assert.deepEqual([second.from.agent, second.hops, second.meta], [null, 0, { build: 7 }]);
  }
  await inbox.stop();
});

test("an agent that was not told of is refused by what the broker says now, and while it is away nothing says that there is none", async () => {
  const told = directory.members.map((member) => ({ ...member, agents_told: { former: [], online: [] } }));
  host.link.known = { ...directory, members: told };
  host.link.connected = true;
  const refused = await send({ to: "@bob/newcomer" });
  assert.deepEqual([refused.status, refused.json["code"]], [404, "unknown_destination"], refused.text);
  host.link.connected = false;
  assert.equal((await send({ to: "@bob/newcomer" })).status, 202);
  assert.equal((await send({ to: "@bop/newcomer" })).status, 404, "a member is known by the mesh's chain");
});
