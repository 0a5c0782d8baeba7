import assert from "node:assert/strict";
import { test } from "node:test";
import { clock } from "./clock.ts";
import { mesh } from "./mesh.ts";

test("a mesh of a test is linked, passes messages, and survives restarts of its parts", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const sent = await daemons.alice.client.send({ to: "@bob", message: "one" });
  await daemons.alice.client.waitFor(String(sent.outbox_id), "delivered");
  await broker.restart();
  const alice = await daemons.alice.restart();
  const later = await alice.client.send({ to: "@bob", message: "two" });
  await alice.client.waitFor(String(later.outbox_id), "delivered");
  assert.deepEqual(
    (await daemons.bob.client.inbox.list()).items.map(({ message }) => message),
    ["one", "two"],
  );
});

test("a test's clock runs what becomes due, in order, each at its own time", () => {
  const time = clock(1_000);
  const seen: string[] = [];
  time.after(20, () => seen.push(`b ${time.now()}`));
  time.after(10, () => {
    seen.push(`a ${time.now()}`);
    time.after(5, () => seen.push(`c ${time.now()}`));
  });
  time.after(15, () => seen.push("cancelled")).cancel();
  time.advance(20);
  time.jump(50);
  assert.deepEqual([...seen, time.now()], ["a 1010", "c 1015", "b 1020", 50]);
});
