import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { type BrokerLimits, defaultBrokerLimits } from "../broker-limits.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { redisServer } from "../testing/redis-server.ts";
import { chooseLimiter } from "./choose-limiter.ts";
import { createFailoverLimiter } from "./failover-limiter.ts";
import { bare, limitItem } from "./limiter-suite.fixture.ts";

/** So slow that nothing comes back during a test: what passes tells whose budget it was. */
const stingy = { memberRate: 0.001, memberBurst: 8, meshRate: 0.001, meshBurst: 100 };

/** Less than the deadline, so that a probe that starts in one step can be answered before it is late. */
const stepMs = defaultBrokerLimits.limiterDeadlineMs / 5;
const stepsOfProbes = (3 * defaultBrokerLimits.limiterProbeCapMs) / stepMs;

async function fixture(t: TestContext, options: { limits?: Partial<BrokerLimits>; brokers?: number } = {}) {
  const server = await redisServer(t);
  const clock = createManualClock();
  const metrics = createBrokerMetrics();
  const logged: string[] = [];
  const entry = (fields: Record<string, unknown>, message: string): void =>
    void logged.push(`${message} ${String(fields["reason"] ?? "")}`.trim());
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
      const last = (): string => logged.filter((line) => line.startsWith("rates are limited")).at(-1) ?? "";
      while (!last().startsWith(wanted)) {
        clock.advance(stepMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    /** A connection beside the limiter's. */
    async admin() {
      const redis = createRedis({ url: server.url, name: "admin", clock, log: silentLog, limits: defaultBrokerLimits });
      t.after(() => redis.stop());
      await redis.start();
      return redis.client;
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
  const { server, clock, limiter, passed, logged, told, admin } = await fixture(t);
  await limiter.start();
  const beside = await admin();
  await server.pause();
  const slow = passed(1);
  clock.advance(defaultBrokerLimits.limiterDeadlineMs);
  await slow;
  // The probe that goes out meanwhile is late too: its answer says nothing of the next one.
  for (let step = 0; step < stepsOfProbes; step += 1) clock.advance(stepMs);
  server.resume();
  for (let turn = 0; turn < 10; turn += 1) await beside.ping();
  assert.ok(!logged.includes(again));
  await told(again);
});

test("Redis answers errors: full memory, or a read-only replica, is no reason to refuse messages", async (t) => {
  const faults: { command: string; breaks: string[]; mends: string[] }[] = [
    { command: "CONFIG", breaks: ["SET", "maxmemory", "1"], mends: ["SET", "maxmemory", "0"] },
    { command: "REPLICAOF", breaks: ["127.0.0.1", "1"], mends: ["NO", "ONE"] },
  ];
  for (const { command, breaks, mends } of faults) {
    const { clock, limiter, passed, told, logged, metric, admin } = await fixture(t);
    await limiter.start();
    const beside = await admin();
    assert.equal(await passed(1), 1);
    await beside.call(command, breaks);
    assert.equal(await passed(5), 2);
    assert.equal(await metric("cm_broker_rate_limit_fallback"), 1);
    // It answers a ping, but a probe takes all that a decision takes.
    for (let step = 0; step < stepsOfProbes; step += 1) {
      clock.advance(stepMs);
      await beside.ping();
      await beside.ping();
    }
    assert.ok(!logged.includes(again));
    await beside.call(command, mends);
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

test("an answer that came in while this process was busy counts, though its deadline is over", async () => {
  const clock = createManualClock();
  const metrics = createBrokerMetrics();
  const read = Promise.withResolvers<void>();
  const allowed = { kind: "allowed", charged: true } as const;
  const limiter = createFailoverLimiter({
    redis: { state: () => "up", onChange: () => () => undefined, address: "redis://test" },
    shared: { take: () => read.promise.then(() => [allowed]), committed() {}, probe: async () => undefined, stop() {} },
    local: { take: () => assert.fail("Redis has decided"), committed() {} },
    clock,
    log: silentLog,
    metrics,
    limits: defaultBrokerLimits,
  });
  await limiter.start();
  const decided = limiter.take("mesh", [limitItem("1")]);
  // What lies in the socket is read in the turn after the one whose timers are late.
  setImmediate(read.resolve);
  clock.advance(defaultBrokerLimits.limiterDeadlineMs);
  assert.deepEqual(await decided, [allowed]);
  await limiter.stop();
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
