import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { type BrokerLimits, defaultBrokerLimits } from "../broker-limits.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { redisServer } from "../testing/redis-server.ts";
import { chooseLimiter } from "./choose-limiter.ts";
import { bare, limitItem } from "./limiter-suite.fixture.ts";

/** So slow that nothing comes back during a test: what passes tells whose budget it was. */
const stingy = { memberRate: 0.001, memberBurst: 8, meshRate: 0.001, meshBurst: 100 };

async function fixture(t: TestContext, options: { limits?: Partial<BrokerLimits>; brokers?: number } = {}) {
  const server = await redisServer(t);
  const clock = createManualClock();
  const metrics = createBrokerMetrics();
  const logged: string[] = [];
  const waiting = new Set<() => void>();
  const entry = (fields: Record<string, unknown>, message: string): void => {
    logged.push(`${message} ${String(fields["reason"] ?? "")}`.trim());
    for (const look of waiting) look();
  };
  const log = { debug: entry, info: entry, warn: entry, error: entry };
  const limiter = chooseLimiter({
    redisUrl: server.url,
    liveBrokers: () => options.brokers ?? 4,
    clock,
    log,
    metrics,
    limits: {
      ...defaultBrokerLimits,
      ...stingy,
      redisReconnectBaseMs: 1,
      redisReconnectCapMs: 10,
      redisSilenceMs: 600_000,
      ...options.limits,
    },
  });
  t.after(() => limiter.stop());
  const meshId = randomUUID();
  return {
    server,
    clock,
    limiter,
    logged,
    /** Messages of ids never used before that pass now, of so many. */
    async passed(count: number): Promise<number> {
      const items = Array.from({ length: count }, () => limitItem(randomUUID()));
      return (await limiter.take(meshId, items)).filter(({ kind }) => kind === "allowed").length;
    },
    take: async (id: string) => bare(await limiter.take(meshId, [limitItem(id)]))[0],
    async metric(name: string): Promise<number> {
      const line = (await metrics.registry.metrics()).split("\n").find((one) => one.startsWith(`${name} `));
      return line === undefined ? 0 : Number(line.slice(name.length + 1));
    },
    /** Resolves when the log's last line about limits is this one, moving the clock on meanwhile, so that probes run. */
    async told(wanted: string): Promise<void> {
      while (
        !logged
          .filter((line) => line.startsWith("rates are limited"))
          .at(-1)
          ?.startsWith(wanted)
      ) {
        clock.advance(defaultBrokerLimits.limiterProbeCapMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const alone = "rates are limited by this broker alone";
const again = "rates are limited in Redis again";

test("Redis is killed in the middle and started again: messages pass all the time, first by a part of the limits", async (t) => {
  const { server, limiter, logged, passed, metric, told } = await fixture(t);
  await limiter.start();
  assert.equal(await passed(5), 5);
  assert.equal(await metric("cm_broker_rate_limit_fallback"), 0);
  await server.kill();
  // A quarter of eight, since four brokers live; never an error.
  assert.equal(await passed(5), 2);
  assert.equal(await passed(5), 0);
  await told(alone);
  assert.equal(await metric("cm_broker_rate_limit_fallback"), 1);
  assert.equal(await metric('cm_broker_rate_limit_fallback_total{reason="down"}'), 1);
  await server.restart();
  await told(again);
  assert.equal(await metric("cm_broker_rate_limit_fallback"), 0);
  // The restarted server knows neither the script nor what was spent.
  assert.equal(await passed(9), 8);
  assert.deepEqual(
    logged.filter((line) => line.startsWith("rates are limited")).map((line) => line.slice(0, 28)),
    [alone, again].map((line) => line.slice(0, 28)),
  );
});

test("a broker starts while Redis is away, and goes over to it when it comes", async (t) => {
  const { server, limiter, passed, told, metric } = await fixture(t, { brokers: 1 });
  await server.stop();
  await limiter.start();
  assert.equal(await metric("cm_broker_rate_limit_fallback"), 1);
  assert.equal(await passed(9), 8);
  await server.restart();
  await told(again);
  assert.equal(await passed(9), 8);
});

test("Redis is too slow: the batch is decided here after the deadline, and later ones do not wait for it", async (t) => {
  const { server, clock, limiter, passed, told, metric } = await fixture(t);
  await limiter.start();
  await server.pause();
  const slow = passed(5);
  clock.advance(defaultBrokerLimits.limiterDeadlineMs);
  assert.equal(await slow, 2);
  assert.equal(await metric('cm_broker_rate_limit_fallback_total{reason="slow"}'), 1);
  assert.equal(await passed(5), 0);
  server.resume();
  await told(again);
  // What the late call charged in Redis stays charged: five of eight.
  assert.equal(await passed(5), 3);
});

test("a server that is slow but alive is not returned to until it answers in time", async (t) => {
  const { server, clock, limiter, passed, logged, told } = await fixture(t);
  await limiter.start();
  await server.pause();
  const slow = passed(1);
  clock.advance(defaultBrokerLimits.limiterDeadlineMs);
  await slow;
  // Its probe is late too, however many intervals pass.
  for (let interval = 0; interval < 20; interval += 1) clock.advance(defaultBrokerLimits.limiterProbeCapMs);
  assert.ok(!logged.includes(again));
  server.resume();
  await told(again);
});

test("Redis answers errors: full memory, or a read-only replica, is no reason to refuse messages", async (t) => {
  const faults: { command: string; breaks: string[]; mends: string[] }[] = [
    { command: "CONFIG", breaks: ["SET", "maxmemory", "1"], mends: ["SET", "maxmemory", "0"] },
    { command: "REPLICAOF", breaks: ["127.0.0.1", "1"], mends: ["NO", "ONE"] },
  ];
  for (const { command, breaks, mends } of faults) {
    const { server, clock, limiter, passed, told, logged, metric } = await fixture(t);
    await limiter.start();
    const admin = createRedis({
      url: server.url,
      name: "admin",
      clock,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      limits: defaultBrokerLimits,
    });
    t.after(() => admin.stop());
    await admin.start();
    assert.equal(await passed(1), 1);
    await admin.client.call(command, breaks);
    assert.equal(await passed(5), 2);
    assert.equal(await metric("cm_broker_rate_limit_fallback"), 1);
    // It answers a ping, but a probe takes all that a decision takes.
    assert.equal(await admin.client.ping(), "PONG");
    for (let interval = 0; interval < 5; interval += 1) {
      clock.advance(defaultBrokerLimits.limiterProbeCapMs);
      await admin.client.ping();
    }
    assert.ok(!logged.includes(again));
    await admin.client.call(command, mends);
    await told(again);
  }
});

test("an id that Redis allowed may pay once more after a change, and then no more", async (t) => {
  const { server, limiter, take } = await fixture(t, { brokers: 1 });
  await limiter.start();
  assert.deepEqual(await take("same"), { kind: "allowed", charged: true });
  assert.deepEqual(await take("same"), { kind: "allowed", charged: false });
  await server.kill();
  assert.deepEqual(await take("same"), { kind: "allowed", charged: true });
  assert.deepEqual(await take("same"), { kind: "allowed", charged: false });
});

test("stopping is complete before a start, twice, and while Redis is away", async (t) => {
  const { limiter: never } = await fixture(t);
  await never.stop();
  await never.stop();
  const { server, limiter, passed } = await fixture(t);
  await limiter.start();
  await server.kill();
  await passed(1);
  await limiter.stop();
  await limiter.stop();
});
