import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Client } from "../../src/client/client.ts";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import { mesh } from "../support/mesh.ts";

/** The first event, told already or not, that satisfies `test`. */
async function event(client: Client, test: (event: LocalEvent) => boolean): Promise<LocalEvent> {
  const found = new AbortController();
  for await (const heard of client.events({ after: 0, signal: found.signal })) {
    if (!test(heard)) continue;
    found.abort();
    return heard;
  }
  throw new Error("the events ended");
}
const message = (text: string) => (heard: LocalEvent) => heard.event === "message" && heard.data["message"] === text;

const planted = "xylophone-of-the-north";

test("direct messages, topics and queues are read by those that they are for, are encrypted in every view, and the broker has nothing of them", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await alice.client.queues.create("jobs");
  const sends = { "@bob": `${planted} for bob`, "#all": `${planted} for all`, "queue:jobs": `${planted} for whoever` };
  for (const [to, text] of Object.entries(sends)) await alice.client.send({ to, message: text });
  for (const text of [sends["@bob"], sends["#all"]]) {
    const { data } = await event(bob.client, message(text));
    assert.deepEqual([data["encrypted"], data["verified"], data["via"]], [true, true, null]);
  }
  const [claimed] = await bob.client.queues.claim("jobs", { wait_s: 10 });
  assert.ok(claimed !== undefined && "message" in claimed);
  assert.deepEqual([claimed.message, claimed.encrypted, claimed.verified], [sends["queue:jobs"], true, true]);
  for (const [client, address, text] of [
    [bob.client, "#all", sends["#all"]],
    [bob.client, "dm", sends["@bob"]],
    // Sealed to bob alone: its own copy is in its outbox.
    [alice.client, "dm", sends["@bob"]],
  ] as const) {
    const { items } = await client.history(address);
    const [item] = items;
    assert.ok(item !== undefined && "message" in item, JSON.stringify(item));
    assert.deepEqual([item.message, item.encrypted, item.verified], [text, true, true]);
  }
  await broker.broker.stop();
  for (const name of readdirSync(broker.dataDir, { recursive: true, encoding: "utf8" })) {
    const bytes = readIfFile(join(broker.dataDir, name));
    for (const text of [planted, Buffer.from(planted).toString("base64url").slice(1, -2)])
      assert.equal(bytes.includes(text), false, `${name} holds what was sealed`);
  }
});

function readIfFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

test("a member that is away while a topic gets its key reads what was sent meanwhile when it is back", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  bob.client.close();
  await bob.daemon.stop();
  await alice.client.send({ to: "#all", message: "while you were out" });
  await event(alice.client, ({ event: name, data }) => name === "receipt" && data["stage"] === "accepted");
  const back = await bob.restart();
  assert.equal((await event(back.client, message("while you were out"))).data["encrypted"], true);
});

test("who subscribes later reads what is said from then on, by a key that somebody who has it passes on", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await alice.client.topics.create("plans");
  await alice.client.send({ to: "#plans", message: "the old plan" });
  await event(alice.client, ({ event: name, data }) => name === "receipt" && data["stage"] === "accepted");
  await bob.client.topics.join("plans");
  await alice.client.send({ to: "#plans", message: "the new plan" });
  await event(bob.client, message("the new plan"));
  assert.deepEqual((await bob.client.inbox.undecryptable()).items, []);
});

test("what is sent to a topic while its sender is offline is sealed and sent when it is back, and holds up no direct message", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await broker.broker.stop();
  await alice.client.send({ to: "#all", message: "to all" });
  await alice.client.send({ to: "@bob", message: "to bob" });
  await broker.restart();
  await event(bob.client, message("to bob"));
  await event(bob.client, message("to all"));
});

test("a key is made on demand, and what is sent from then on is sealed by it and read as before", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await alice.client.queues.create("jobs");
  await alice.client.send({ to: "#all", message: "by the first key" });
  await event(bob.client, message("by the first key"));
  const change = { history: "joined" } as const;
  // Whether who comes later gets earlier keys is for owners and admins to say; a new key is for whoever may use the topic.
  await assert.rejects(bob.client.topics.rotate("#all", change), { code: "not_allowed" });
  const made = await alice.client.topics.rotate("#all", change);
  assert.deepEqual([made.address, made.depth, made.history], ["#all", 1, "joined"]);
  assert.deepEqual(Object.keys(made).sort(), ["address", "created_at", "depth", "epoch_id", "history"]);
  await alice.client.send({ to: "#all", message: "by the second key" });
  await event(bob.client, message("by the second key"));
  const [first, second] = [await bob.client.queues.rotate("jobs"), await alice.client.queues.rotate("jobs")];
  assert.deepEqual([first.address, first.depth, second.depth, second.history], ["queue:jobs", 0, 1, "all"]);
  await assert.rejects(bob.client.topics.rotate("#nowhere"), { code: "unknown_destination" });
  await alice.client.topics.create("plans");
  while (!(await bob.client.topics.list()).some(({ name }) => name === "plans"));
  await assert.rejects(bob.client.topics.rotate("#plans"), { code: "not_subscribed" });
});
