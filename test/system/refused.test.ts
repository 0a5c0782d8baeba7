import assert from "node:assert/strict";
import { test } from "node:test";
import { mesh } from "../support/mesh.ts";

test("a row that was refused for now and is then dropped holds nothing back behind it", async (t) => {
  const { daemons } = await mesh(t, ["alice", "bob"], { broker: { limits: { memberRate: 2, memberBurst: 1 } } });
  const { client } = daemons.alice;
  const send = (id: string) => client.send({ to: "@bob", message: id, client_message_id: id });
  await send("one");
  await client.waitFor("one", "accepted");
  const { outbox_id } = await send("two");
  while ((await client.outbox.inspect(outbox_id)).last_error?.code !== "rate_limited") {
    const { status } = await client.outbox.inspect(outbox_id);
    if (status === "done") return;
  }
  assert.equal((await client.outbox.drop(outbox_id)).status, "aborted");
  await send("three");
  await client.waitFor("three", "delivered");
  assert.deepEqual(
    (await daemons.bob.client.inbox.list()).items.map(({ message }) => message),
    ["one", "three"],
  );
});
