import assert from "node:assert/strict";
import { test } from "node:test";
import { mesh } from "../support/mesh.ts";

test("whoever creates a topic can send to it at once; who is not subscribed is told so, and its message ends visibly", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const topic = await alice.client.topics.create("#builds");
  assert.deepEqual([topic.name, topic.subscribed, topic.subscribers], ["builds", true, 1]);
  await alice.client.send({ to: "#builds", message: "first", client_message_id: "first" });
  await alice.client.waitFor("first", "accepted");

  await bob.client.topics.list();
  await bob.client.send({ to: "#builds", message: "from outside", client_message_id: "outside" });
  await assert.rejects(bob.client.waitFor("outside", "accepted"), { code: "not_subscribed" });

  await bob.client.topics.join("builds");
  await alice.client.send({ to: "#builds", message: "second", client_message_id: "second" });
  await alice.client.waitFor("second", "delivered");
  const got = (await bob.client.inbox.list()).items.map((item) => item.message);
  assert.deepEqual(got, ["second"], "a subscription begins where it was made");
});
