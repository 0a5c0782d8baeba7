import assert from "node:assert/strict";
import { test } from "node:test";
import { mesh } from "../../test/support/mesh.ts";
import { mcpClient, succeeded } from "../../test/support/mcp/mcp-client.ts";

const socketOf = ({ daemon }: { readonly daemon: { readonly socketPath: string } }) => ({
  socketPath: daemon.socketPath,
});

test("the tools are eight verbs and nouns, each with schemas of what it takes and answers, and short to read", async (t) => {
  const { client } = await mcpClient(t, { socketPath: "/nonexistent" });
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ["send", "inbox", "reply", "peers", "search", "subscribe", "claim_work", "finish_work"],
  );
  for (const { description = "", inputSchema, outputSchema, annotations } of tools) {
    assert.ok(description.length < 350, description);
    assert.equal(inputSchema.additionalProperties, false);
    assert.equal(outputSchema?.type, "object");
    assert.equal(annotations?.destructiveHint, false);
  }
  assert.ok(JSON.stringify(tools).length < 16_000, "what every session pays for");
});

test("what is sent says honestly how far it is, and the same key sends nothing twice", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const alice = await mcpClient(t, socketOf(daemons.alice), { agent: "api" });
  const sent = succeeded(
    await alice.call("send", { to: "@bob", message: "hello", wait_for: "delivered", idempotency_key: "once" }),
  );
  assert.equal(sent.structured["state"], "delivered");
  assert.match(
    sent.text,
    /^delivered: the message to @bob is stored at the receiver's host; not yet before the agent\n/,
  );
  const again = succeeded(await alice.call("send", { to: "@bob", message: "hello", idempotency_key: "once" }));
  assert.deepEqual([again.structured["duplicate"], again.structured["state"]], [true, "accepted"]);
  const other = await alice.call("send", { to: "@bob", message: "something else", idempotency_key: "once" });
  assert.equal(other.error?.code, "idempotency_key_reused");
  const { items } = await daemons.bob.client.inbox.list();
  assert.deepEqual(
    items.map(({ message, from }) => [message, from.name, from.agent]),
    [["hello", "alice", "api"]],
  );
});

test("the same words twice are two messages: the key of a call is never made of its content", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const alice = await mcpClient(t, socketOf(daemons.alice));
  for (let count = 0; count < 2; count += 1)
    succeeded(await alice.call("send", { to: "@bob", message: "again", wait_for: "delivered" }));
  assert.equal((await daemons.bob.client.inbox.list()).items.length, 2);
});

test("a server that was started anew counts from the beginning, and its calls are not taken for those before", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  for (const message of ["before", "after"]) {
    const alice = await mcpClient(t, socketOf(daemons.alice), { agent: "api" });
    succeeded(await alice.call("send", { to: "@bob", message, wait_for: "delivered" }));
    await alice.end();
  }
  const { items } = await daemons.bob.client.inbox.list();
  assert.deepEqual(
    items.map(({ message }) => message),
    ["before", "after"],
  );
});

test("a daemon that is away is told of at the start and at each call, and used as soon as it is there", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { daemon } = daemons.alice;
  await daemon.stop();
  const alice = await mcpClient(t, { socketPath: daemon.socketPath });
  assert.match(alice.client.getInstructions() ?? "", /did not say yet which agent you are/);
  const refused = await alice.call("send", { to: "@bob", message: "now?", idempotency_key: "k" });
  assert.deepEqual([refused.isError, refused.error?.code], [true, "not_running"]);
  assert.match(refused.text, /^error not_running: .*\nwhat helps: claudemesh up/);
  await daemons.alice.restart();
  const sent = await alice.call("send", { to: "@bob", message: "now", idempotency_key: "k", wait_for: "delivered" });
  assert.equal(succeeded(sent).structured["state"], "delivered");
});

test("a daemon that restarts in between is waited for: the call answers as if nothing had been", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const alice = await mcpClient(t, socketOf(daemons.alice), { agent: "api" });
  succeeded(await alice.call("peers"));
  const restarted = daemons.alice.restart();
  const sent = succeeded(await alice.call("send", { to: "@bob", message: "through", wait_for: "delivered" }));
  await restarted;
  assert.equal(sent.structured["state"], "delivered");
});

test("what cannot be done is an error that names its code and what helps", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const alice = await mcpClient(t, socketOf(daemons.alice));
  const unknown = await alice.call("send", { to: "@bop", message: "x" });
  assert.equal(unknown.error?.code, "unknown_destination");
  assert.match(unknown.text, /what helps: .*@bob/);
  const noTopic = await alice.call("subscribe", { topic: "#none" });
  assert.match(noTopic.text, /what helps: the tool peers lists what there is$/m, "a model may have no shell");
  const large = await alice.call("send", { to: "@bob", message: "x".repeat(100_000) });
  assert.equal(large.error?.code, "body_too_large");
  const never = await alice.call("send", { to: "#all", message: "x", wait_for: "read" });
  assert.equal(never.error?.code, "invalid_field");
  const wrong = await alice.call("send", { to: "@bob", message: "x", priority: "urgent" });
  assert.deepEqual([wrong.isError, /priority/.test(wrong.text)], [true, true]);
  const extra = await alice.call("peers", { __proto__: 1, everything: true });
  assert.deepEqual([extra.isError, /everything/.test(extra.text)], [true, true]);
  const key = await alice.call("send", { to: "@bob", message: "x", idempotency_key: "with space" });
  assert.equal(key.error?.code, "invalid_id");
  await assert.rejects(alice.client.callTool({ name: "no_such_tool", arguments: {} }));
  assert.equal((await daemons.bob.client.inbox.list()).items.length, 0);
});

test("peers tells who one is, who is there, and where one can write to", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  await daemons.alice.client.topics.create("builds");
  await daemons.alice.client.queues.create("work");
  const alice = await mcpClient(t, socketOf(daemons.alice), { agent: "api" });
  const { text, structured } = succeeded(await alice.call("peers"));
  assert.equal(structured["you"], "@alice/api");
  assert.match(text, /^you are @alice\/api in mesh /);
  assert.match(text, /^@bob: online/m);
  assert.match(text, /^topics: .*#builds \(subscribed\)/m);
  assert.match(text, /^queues: queue:work \(0 ready\)/m);
  const { structured: found } = succeeded(await alice.call("peers", { find: "BOB" }));
  assert.deepEqual([found["members"], found["topics"]], [[{ address: "@bob", online: true, agents: [] }], []]);
});

test("work is claimed under a lease, framed, extended, given back and finished, once per key", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  await daemons.alice.client.queues.create("work");
  await daemons.alice.client.send({ to: "queue:work", message: "build it" }, { wait: "accepted" });
  const bob = await mcpClient(t, socketOf(daemons.bob));
  const claim = { queue: "queue:work", wait_s: 10, idempotency_key: "c1" };
  const [claimed, same] = await Promise.all([bob.call("claim_work", claim), bob.call("claim_work", claim)]);
  assert.deepEqual(succeeded(claimed).structured, succeeded(same).structured);
  const { lease_id, from } = claimed.structured;
  assert.equal(from, "@alice");
  assert.match(claimed.text, /<claudemesh-message-\w+ from="@alice" [\s\S]*not an instruction[\s\S]*build it/);
  const finish = { queue: "work", lease_id };
  const extended = succeeded(await bob.call("finish_work", { ...finish, outcome: "extend", lease_s: 60 }));
  assert.equal(extended.structured["state"], "extended");
  const back = { ...finish, outcome: "give_back", reason: "no runner", idempotency_key: "g1" };
  assert.equal(succeeded(await bob.call("finish_work", back)).structured["state"], "ready");
  assert.equal(succeeded(await bob.call("finish_work", back)).structured["state"], "ready");
  const next = succeeded(await bob.call("claim_work", { queue: "work", wait_s: 10 }));
  assert.equal(next.structured["deliveries"], 2);
  const done = await bob.call("finish_work", { queue: "work", lease_id: next.structured["lease_id"], outcome: "done" });
  assert.equal(succeeded(done).structured["state"], "done");
  const late = await bob.call("finish_work", { ...finish, outcome: "done" });
  assert.equal(late.error?.code, "lease_lost");
  assert.equal(succeeded(await bob.call("claim_work", { queue: "work" })).text, "no work in queue:work");
});

test("work of a sender that the user keeps from agents is given back unseen", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  await daemons.alice.client.queues.create("work");
  await daemons.alice.client.send({ to: "queue:work", message: "a secret wish" }, { wait: "accepted" });
  const bob = await mcpClient(t, socketOf(daemons.bob));
  await daemons.bob.client.agents.setPolicy("@alice", "block");
  const refused = await bob.call("claim_work", { queue: "work", wait_s: 10 });
  assert.equal(refused.error?.code, "not_allowed");
  assert.doesNotMatch(refused.text, /secret/);
  const { messages } = await daemons.bob.client.queues.show("work");
  assert.deepEqual([messages.leased, messages.delayed], [0, 1]);
});
