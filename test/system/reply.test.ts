import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import type { InboxItem } from "../../src/protocol/local-api.ts";
import { ClaudemeshError } from "../../src/protocol/error.ts";
import { knowsAgent } from "../support/knows-agent.ts";
import { mesh } from "../support/mesh.ts";

/** The newest message of an inbox, once it is there. */
async function newest(client: Client, count: number): Promise<InboxItem> {
  const listening = new AbortController();
  try {
    for await (const event of client.events({ after: 0, signal: listening.signal })) {
      if (event.event !== "message") continue;
      const { items } = await client.inbox.list({ newest: true });
      if (items.length >= count && items[0] !== undefined) return items[0];
    }
  } finally {
    listening.abort();
  }
  assert.fail("the events ended");
}

async function thrown(call: Promise<unknown>): Promise<ClaudemeshError> {
  return call.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => ClaudemeshError.from(reason),
  );
}

test("an answer goes to the agent that sent, from the one that was asked, and its message is read", async (t) => {
  const { daemons } = await mesh(t, ["ann", "bob"]);
  const [ann, bob] = [daemons.ann.client, daemons.bob.client];
  await ann.agents.put("backend");
  await bob.agents.put("frontend");
  await knowsAgent(ann, "bob", "frontend");
  await knowsAgent(bob, "ann", "backend");

  const asked = await ann.send(
    { to: "@bob/frontend", message: "which port?", from_agent: "backend", meta: { n: 1 } },
    { wait: "delivered" },
  );
  const question = await newest(bob, 1);
  assert.deepEqual([question.from.name, question.from.agent, question.meta], ["ann", "backend", { n: 1 }]);
  const [kept] = (await ann.history("dm")).items;
  assert.ok(kept !== undefined && "body" in kept);
  assert.deepEqual([kept.from.agent, kept.meta, kept.hops], ["backend", { n: 1 }, 0]);

  // A new name leads to no other member: answers go by id.
  await ann.membership.rename("@ann", "anna");
  await bob.reply(question.inbox_id, { message: "8080" }, { wait: "delivered" });
  const answer = await newest(ann, 1);
  assert.deepEqual(
    [answer.message, answer.agent, answer.from.agent, answer.reply_to],
    ["8080", "backend", "frontend", question.broker_message_id],
  );
  assert.notEqual((await bob.inbox.item(question.inbox_id)).read_at, null);
  await ann.waitFor(asked.client_message_id, "read");
  // And the answer to the answer comes back to the same agent.
  await ann.reply(answer.inbox_id, { message: "thanks" }, { wait: "delivered" });
  const last = await newest(bob, 2);
  assert.deepEqual([last.to, last.from.agent], ["@bob/frontend", "backend"]);
});

test("an answer in the name of an agent that there is not is refused and marks nothing read; by default the member answers", async (t) => {
  const { daemons } = await mesh(t, ["ann", "bob"]);
  const [ann, bob] = [daemons.ann.client, daemons.bob.client];
  await bob.agents.put("frontend");
  await knowsAgent(ann, "bob", "frontend");
  await ann.send({ to: "@bob/frontend", message: "hello" });
  const { inbox_id } = await newest(bob, 1);
  const refused = await thrown(bob.reply(inbox_id, { message: "hi", from_agent: "fronted" }));
  assert.deepEqual([refused.code, refused.details["suggestions"]], ["unknown_agent", ["frontend"]]);
  assert.equal((await bob.inbox.item(inbox_id)).read_at, null);
  assert.deepEqual((await bob.outbox.list()).items, []);
  // Its agent is forgotten: what was sent to it can still be answered.
  await bob.agents.forget("frontend");
  await bob.reply(inbox_id, { message: "hi" });
  const answer = await newest(ann, 1);
  assert.deepEqual([answer.message, answer.from.agent, answer.agent], ["hi", null, null]);
  assert.equal((await thrown(bob.reply(99, { message: "hi" }))).code, "not_found");
});

test("the same answer under the same id goes out once, however often it is given", async (t) => {
  const { daemons } = await mesh(t, ["ann", "bob"]);
  const [ann, bob] = [daemons.ann.client, daemons.bob.client];
  await ann.send({ to: "@bob", message: "hello" });
  const { inbox_id } = await newest(bob, 1);
  const first = await bob.reply(inbox_id, { message: "hi", client_message_id: "answer" }, { wait: "delivered" });
  const again = await bob.reply(inbox_id, { message: "hi", client_message_id: "answer" });
  assert.deepEqual([again.duplicate, again.outbox_id], [true, first.outbox_id]);
  const other = await thrown(bob.reply(inbox_id, { message: "no", client_message_id: "answer" }));
  assert.equal(other.code, "idempotency_key_reused");
  assert.equal((await ann.inbox.list()).items.length, 1);
});

test("who claims a message of a queue sees which agent sent it", async (t) => {
  const { daemons } = await mesh(t, ["ann"]);
  const { client } = daemons.ann;
  await client.agents.put("backend");
  await client.queues.create("jobs");
  await client.send({ to: "queue:jobs", message: "job", from_agent: "backend", hops: 3 }, { wait: "accepted" });
  const [claimed] = await client.queues.claim("jobs", { wait_s: 10 });
  assert.ok(claimed !== undefined && "body" in claimed);
  assert.deepEqual([claimed.from.agent, claimed.hops, claimed.meta], ["backend", 3, null]);
});
