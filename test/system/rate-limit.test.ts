import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import { systemClock } from "../../src/base/clock.ts";
import { defaultBrokerLimits } from "../../src/broker/broker-limits.ts";
import { createRedis } from "../../src/broker/redis/redis-connection.ts";
import { redisServer } from "../../src/broker/testing/redis-server.ts";
import { type CutMesh, cutMesh, sendUnanswered } from "../support/cut-mesh.ts";
import type { TestDaemon } from "../support/daemon.ts";
import { onEnd } from "../support/on-end.ts";

/** Three messages of the whole mesh at once, then one in a quarter of an hour: nothing comes back during a test. */
const three = { memberRate: 1, memberBurst: 100, meshRate: 0.001, meshBurst: 3 };

/** Budgets and memos as Redis holds them. */
async function redisState(t: TestContext, url: string): Promise<() => Promise<Record<string, unknown>>> {
  const redis = createRedis({ url, name: "test", clock: systemClock, log: silentLog, limits: defaultBrokerLimits });
  onEnd(t, () => redis.stop());
  await redis.start();
  return async () => {
    const state: Record<string, unknown> = {};
    for (const key of (await redis.client.keys("*")).sort())
      if (!key.endsWith(":memos")) state[key] = await redis.client.get(key);
    return state;
  };
}

async function metric({ broker }: CutMesh, sample: RegExp): Promise<number> {
  const page = await (
    await fetch(`${broker.broker.url.replace("ws:", "http:").replace(/\/v1\/link$/, "")}/metrics`)
  ).text();
  const line = page.split("\n").find((one) => sample.test(one));
  return line === undefined ? 0 : Number(line.split(" ").at(-1));
}

/** Sends, and returns the row once the broker has refused it. */
async function refusedRow({ client }: TestDaemon, to: string, id: string) {
  const { outbox_id } = await client.send({ to, message: id, client_message_id: id });
  for (;;) {
    const row = await client.outbox.inspect(outbox_id);
    if (row.last_error?.code === "rate_limited" && row.status === "pending") return row;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const where of ["in Redis", "in process"] as const) {
  test(`limits ${where}: what was committed before its answer was lost is a duplicate, however saturated the limit is, and costs nothing`, async (t) => {
    const redisUrl = where === "in Redis" ? (await redisServer(t)).url : null;
    const mesh = await cutMesh(t, { limits: three, redisUrl });
    const state = redisUrl === null ? async () => ({}) : await redisState(t, redisUrl);
    const { proxy, alice, bob } = mesh;
    const row = await sendUnanswered(mesh, "unanswered");
    // Its link ends before the broker's answer arrives, and does not come back yet.
    proxy.refuse(true);
    proxy.cut();
    for (const id of ["second", "third"]) {
      await bob.client.send({ to: "@alice", message: id, client_message_id: id });
      await bob.client.waitFor(id, "accepted");
    }
    const before = await refusedRow(bob, "@alice", "over-the-limit");
    const rejection = /^cm_broker_rate_limit_rejection_total\{mesh="[0-9a-f-]+"\} /;
    const spent = await state();
    assert.equal(Object.keys(spent).length, redisUrl === null ? 0 : 3);
    assert.equal(await metric(mesh, rejection), 1);
    proxy.loseAnswers(false);
    proxy.refuse(false);
    await alice.client.waitFor("unanswered", "accepted");
    assert.equal((await alice.client.outbox.inspect(row)).status, "done");
    assert.equal(await metric(mesh, /^cm_broker_dedupe_hit_total\{phase="b0"\} /), 1);
    assert.equal(await metric(mesh, rejection), 1);
    assert.equal(await metric(mesh, /^cm_broker_rate_limit_fallback /), 0);
    assert.deepEqual(await state(), spent);
    assert.equal((await bob.client.inbox.list()).items.length, 1);
    // The limit is saturated still, for what is new.
    assert.equal((await refusedRow(alice, "@bob", "new")).status, "pending");
    assert.equal((await bob.client.outbox.inspect(before.outbox_id)).status, "pending");
  });

  test(`limits ${where}: a message over the limit stays pending for as long as the broker says, and that is not an attempt`, async (t) => {
    const redisUrl = where === "in Redis" ? (await redisServer(t)).url : null;
    const { alice, bob } = await cutMesh(t, { limits: { ...three, meshBurst: 1 }, redisUrl });
    await alice.client.send({ to: "@bob", message: "one", client_message_id: "one" });
    await alice.client.waitFor("one", "accepted");
    const asked = Date.now();
    const row = await refusedRow(bob, "@alice", "two");
    assert.equal(row.attempts, 0);
    const wait = Date.parse(row.next_attempt_at ?? "") - asked;
    assert.ok(wait > 600_000 && wait <= 1_100_000, `${wait}`);
  });
}
