import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { anyRedis, redisServer } from "../testing/redis-server.ts";
import type { BusMessage } from "./bus.ts";
import { createRedisBus } from "./redis-bus.ts";

const owed = (member_id: string): BusMessage => ({ kind: "owed", mesh_id: "mesh", member_id });

/** A broker's end of the bus, with what it heard of the others. */
async function busAt(
  t: TestContext,
  url: string,
  deployment: string,
  changes: { secret?: string; limits?: Partial<typeof defaultBrokerLimits> } = {},
) {
  const limits = { ...defaultBrokerLimits, ...changes.limits };
  const metrics = createBrokerMetrics();
  const connection = (name: string) => createRedis({ url, name, clock: systemClock, log: silentLog, limits });
  const bus = createRedisBus({
    publisher: connection("wake-ups"),
    subscriber: connection("hearing"),
    brokerId: deployment,
    secret: Buffer.from((changes.secret ?? "s").padEnd(32)),
    log: silentLog,
    metrics,
    limits,
  });
  const heard: BusMessage[] = [];
  let look = (): void => undefined;
  bus.listen((message) => {
    heard.push(message);
    look();
  });
  t.after(() => bus.stop());
  await bus.start();
  const value = async (name: "busPublished" | "busLost" | "busRefused"): Promise<number> =>
    (await metrics[name].get()).values[0]?.value ?? 0;
  return {
    bus,
    heard,
    value,
    hears: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (heard.length >= count) resolve();
        };
        look();
      }),
  };
}

test("what one broker says the others hear, once, and itself does not", async (t) => {
  const { url, prefix } = await anyRedis(t);
  const [one, two] = [await busAt(t, url, prefix), await busAt(t, url, prefix)];
  for (let times = 0; times < 100; times += 1) one.bus.publish(owed("alice"));
  one.bus.publish(owed("bob"));
  await two.hears(2);
  two.bus.publish(owed("carol"));
  await one.hears(1);
  assert.deepEqual(two.heard, [owed("alice"), owed("bob")]);
  assert.deepEqual(one.heard, [owed("carol")]);
});

test("more than one message may hold leaves in several, and nothing of it is lost", async (t) => {
  const { url, prefix } = await anyRedis(t);
  const [one, two] = [
    await busAt(t, url, prefix, { limits: { busMessageBytesMax: 200 } }),
    await busAt(t, url, prefix),
  ];
  const members = Array.from({ length: 50 }, (_, n) => `member ${n}`);
  for (const member of members) one.bus.publish(owed(member));
  await two.hears(50);
  assert.deepEqual(two.heard, members.map(owed));
  assert.equal(await one.value("busLost"), 0);
});

test("brokers of another deployment are not heard, and one that does not know the secret is not believed", async (t) => {
  const { url, prefix } = await anyRedis(t);
  const one = await busAt(t, url, prefix);
  const stranger = await busAt(t, url, prefix, { secret: "other" });
  const elsewhere = await busAt(t, url, `${prefix}-other`);
  stranger.bus.publish(owed("mallory"));
  elsewhere.bus.publish(owed("mallory"));
  const friend = await busAt(t, url, prefix);
  friend.bus.publish(owed("alice"));
  await one.hears(1);
  assert.deepEqual(one.heard, [owed("alice")]);
  assert.equal(await one.value("busRefused"), 1);
});

test("while Redis does not answer, what is said beyond a bound is let go instead of filling the memory", async (t) => {
  const server = await redisServer(t);
  const one = await busAt(t, server.url, "deployment", { limits: { busBytesInFlightMax: 1_000 } });
  await server.pause();
  for (let n = 0; n < 100; n += 1) {
    one.bus.publish(owed(`member ${n}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const lost = await one.value("busLost");
  assert.ok(lost > 50 && lost < 100, `${lost} of 100`);
  server.resume();
});
