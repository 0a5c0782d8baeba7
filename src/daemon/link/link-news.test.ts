import assert from "node:assert/strict";
import { test } from "node:test";
import { linkBench } from "./link-bench.fixture.ts";

test("when all of a large mesh come back at once, the broker is asked a few times who is there, and the link stands", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  let asked = 0;
  link.socket.on("message", (data) => {
    if (String(data).startsWith('{"type":"members"')) asked += 1;
  });
  const event = { type: "event", event: "member_online", member_id: "ab".repeat(32) };
  for (let sent = 0; sent < 5_000; sent += 1) link.send(event);
  // Behind them all; the pong comes when they have been read.
  await new Promise((resolve) => {
    link.socket.once("pong", resolve);
    link.socket.ping();
  });
  await made.send("behind");
  const { items } = await link.next("send");
  assert.equal(items[0]?.client_message_id.endsWith("behind"), true);
  assert.ok(asked >= 1 && asked < 500, `${asked}`);
  assert.equal(made.broker.waiting(), 0);
});
