import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { createRedis } from "../redis/redis-connection.ts";
import { anyRedis } from "../testing/redis-server.ts";
import type { LimitAmounts } from "./in-process-limiter.ts";
import { bare, limitItem, limiterSuite, smallAmounts } from "./limiter-suite.fixture.ts";
import { createRedisLimiter, type RedisLimiter } from "./redis-limiter.ts";

async function connected(t: TestContext) {
  const { url, prefix } = await anyRedis(t);
  const clock = createManualClock();
  const connect = async () => {
    const redis = createRedis({ url, name: "test", clock, log: silentLog, limits: defaultBrokerLimits });
    t.after(() => redis.stop());
    await redis.start();
    return redis;
  };
  const redis = await connect();
  const open = (
    limits: LimitAmounts,
    more: { nowUs?: () => number; onEvicted?: (count: number) => void; redis?: typeof redis } = {},
  ): RedisLimiter => {
    const limiter = createRedisLimiter({
      client: (more.redis ?? redis).client,
      limits: { ...defaultBrokerLimits, ...limits },
      clock,
      prefix,
      onEvicted: more.onEvicted ?? (() => undefined),
      ...(more.nowUs === undefined ? {} : { nowUs: more.nowUs }),
    });
    t.after(() => limiter.stop());
    return limiter;
  };
  const keys = async (meshId: string): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor = "0", first = true; first || cursor !== "0"; first = false) {
      const [next, some] = await redis.client.scan(cursor, "MATCH", `${prefix}:limit:{${meshId}}:*`, "COUNT", 1_000);
      found.push(...some);
      cursor = next;
    }
    return found;
  };
  return { redis, clock, open, keys, connect };
}

const charges = (decisions: Awaited<ReturnType<RedisLimiter["take"]>>) =>
  decisions.filter((decision) => decision.kind === "allowed" && decision.charged).length;

limiterSuite("in Redis", async (t) => {
  const { open } = await connected(t);
  return (limits) => {
    const state = { nowUs: 1_000_000_000_000, evicted: 0 };
    const limiter = open(limits, {
      nowUs: () => state.nowUs,
      onEvicted: (count) => {
        state.evicted += count;
      },
    });
    return { limiter, meshId: randomUUID(), state };
  };
});

test("without a clock of its own a limiter goes by the server's, and says how much is left", async (t) => {
  const { open } = await connected(t);
  const decisions = await open({ ...smallAmounts, memberRate: 0.01, meshRate: 0.01 }).take(
    randomUUID(),
    Array.from({ length: 6 }, (_, index) => limitItem(`a${index}`)),
  );
  assert.deepEqual(decisions[0], { kind: "allowed", charged: true, remaining: 4, resetMs: 100_000 });
  assert.deepEqual(decisions[4], { kind: "allowed", charged: true, remaining: 0, resetMs: 500_000 });
  assert.deepEqual(decisions[5], { kind: "limited", retryAfterMs: 100_000 });
});

test("whatever stands in Redis, nobody is told to wait for longer than an hour", async (t) => {
  const { open, keys, redis } = await connected(t);
  const limiter = open(smallAmounts);
  const meshId = randomUUID();
  await limiter.take(meshId, [limitItem("first")]);
  // Far in the future, as another rate, a fault or a stranger in this Redis may have left it.
  for (const key of await keys(meshId))
    if (!key.endsWith(":memos")) await redis.client.set(key, "9000000000000000 1", "PX", 60_000);
  const [decision] = await limiter.take(meshId, [limitItem("second")]);
  assert.deepEqual(decision, { kind: "limited", retryAfterMs: 3_600_000 });
});

test("two brokers at once: whatever retries race, an id pays once in nine uses and no budget is exceeded", async (t) => {
  const { open, connect } = await connected(t);
  const second = await connect();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          broker: fc.nat(1),
          ids: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
          member: fc.constantFrom("a", "b"),
          stepUs: fc.nat(400_000),
          waits: fc.boolean(),
        }),
        { maxLength: 40 },
      ),
      async (sends) => {
        const state = { nowUs: 1_000_000_000_000 };
        const meshId = randomUUID();
        const brokers = [
          open(smallAmounts, { nowUs: () => state.nowUs }),
          open(smallAmounts, { nowUs: () => state.nowUs, redis: second }),
        ];
        const uses = new Map<string, number>();
        const paid = new Map<string, number>();
        const under: Promise<void>[] = [];
        for (const { broker, ids, member, stepUs, waits } of sends) {
          const items = ids.map((id, place) => limitItem(`${member}${id}`, member, `${place}`));
          under.push(
            (async () => {
              for (const [place, decision] of ((await brokers[broker]?.take(meshId, items)) ?? []).entries()) {
                const id = items[place]?.clientMessageId ?? "";
                if (decision.kind === "allowed") uses.set(id, (uses.get(id) ?? 0) + 1);
                if (decision.kind === "allowed" && decision.charged) paid.set(id, (paid.get(id) ?? 0) + 1);
              }
            })(),
          );
          if (!waits) continue;
          // Only now: a call that is overtaken by a later one would see the clock go back.
          await Promise.all(under);
          state.nowUs += stepUs;
        }
        await Promise.all(under);
        const seconds = (state.nowUs - 1_000_000_000_000) / 1e6;
        for (const [id, count] of paid) assert.ok(count <= Math.ceil((uses.get(id) ?? 0) / 9), id);
        const of = (member: string) =>
          [...paid].filter(([id]) => id.startsWith(member)).reduce((sum, [, count]) => sum + count, 0);
        for (const member of ["a", "b"])
          assert.ok(of(member) <= smallAmounts.memberBurst + smallAmounts.memberRate * seconds + 1e-9);
        assert.ok(of("a") + of("b") <= smallAmounts.meshBurst + smallAmounts.meshRate * seconds + 1e-9);
      },
    ),
    { numRuns: 60 },
  );
});

test("a script that the server forgot is sent again, also when many calls miss it at once", async (t) => {
  const { open, redis } = await connected(t);
  const limiter = open(smallAmounts);
  const meshId = randomUUID();
  assert.equal(charges(await limiter.take(meshId, [limitItem("1")])), 1);
  await redis.client.script("FLUSH");
  const decisions = await Promise.all(["1", "2", "1", "2"].map((id) => limiter.take(meshId, [limitItem(id)])));
  assert.equal(charges(decisions.flat()), 1);
  assert.ok(decisions.flat().every(({ kind }) => kind === "allowed"));
});

test("a broker with a smaller burst pardons nothing that is owed under a larger one, as during a rollout", async (t) => {
  const { open } = await connected(t);
  const state = { nowUs: 1_000_000_000_000 };
  const meshId = randomUUID();
  const wide = { ...smallAmounts, memberBurst: 100, meshBurst: 100, meshRate: 10 };
  const nowUs = () => state.nowUs;
  const [large, small] = [open(wide, { nowUs }), open({ ...wide, memberBurst: 5, meshBurst: 5 }, { nowUs })];
  const many = Array.from({ length: 100 }, (_, index) => limitItem(`a${index}`));
  assert.equal(charges(await large.take(meshId, many)), 100);
  assert.deepEqual(await small.take(meshId, [limitItem("b")]), [{ kind: "limited", retryAfterMs: 9_600 }]);
  assert.deepEqual(await large.take(meshId, [limitItem("b")]), [{ kind: "limited", retryAfterMs: 100 }]);
});

test("what Redis keeps of two hundred thousand ids is bounded, and all of it expires", async (t) => {
  const { open, redis, keys } = await connected(t);
  let evicted = 0;
  const rate = { memberRate: 1e6, memberBurst: 1e6, meshRate: 1e6, meshBurst: 1e6 };
  const limiter = open(
    { ...rate, limiterMemosMax: defaultBrokerLimits.limiterMemosMax },
    {
      onEvicted: (count) => {
        evicted += count;
      },
    },
  );
  const meshId = randomUUID();
  for (let first = 0; first < 200_000; first += 2_000) {
    const items = Array.from({ length: 2_000 }, (_, index) => limitItem(randomUUID(), `m${index % 50}`));
    assert.equal(charges(await limiter.take(meshId, items)), 2_000);
  }
  assert.equal(evicted, 200_000 - defaultBrokerLimits.limiterMemosMax);
  const found = await keys(meshId);
  assert.equal(found.length, 52);
  for (const key of found) {
    const bytes = Number(await redis.client.memory("USAGE", key, "SAMPLES", 0));
    assert.ok(bytes <= (key.endsWith(":memos") ? 160 * defaultBrokerLimits.limiterMemosMax : 256), `${key} ${bytes}`);
    const ttl = await redis.client.pttl(key);
    assert.ok(ttl > 0 && ttl <= 600_000, `${key} ${ttl}`);
  }
});

test("expired memos go a few with every call, so that no call holds the server up", async (t) => {
  const { open, redis, keys } = await connected(t);
  const state = { nowUs: 1_000_000_000_000 };
  const rate = { memberRate: 1e6, memberBurst: 1e6, meshRate: 1e6, meshBurst: 1e6 };
  const limiter = open({ ...rate, limiterMemosMax: 10_000 }, { nowUs: () => state.nowUs });
  const meshId = randomUUID();
  await limiter.take(
    meshId,
    Array.from({ length: 100 }, (_, index) => limitItem(`a${index}`)),
  );
  const memos = (await keys(meshId)).find((key) => key.endsWith(":memos")) ?? "";
  state.nowUs += 60_000_000;
  // Not yet dropped, but over: it pays.
  assert.deepEqual(bare(await limiter.take(meshId, [limitItem("a99")])), [{ kind: "allowed", charged: true }]);
  const after = await redis.client.zcard(memos);
  assert.ok(after > 50 && after < 100, `${after}`);
  for (let call = 0; call < 10; call += 1) await limiter.take(meshId, [limitItem(`b${call}`)]);
  assert.equal(await redis.client.zcard(memos), 11);
});

test("a committed id is forgotten after a while, and until then another broker finds it paid", async (t) => {
  const { open, redis, clock, keys, connect } = await connected(t);
  const limiter = open(smallAmounts);
  const other = open(smallAmounts, { redis: await connect() });
  const meshId = randomUUID();
  await limiter.take(meshId, [limitItem("1"), limitItem("2")]);
  limiter.committed(meshId, [limitItem("1")]);
  clock.advance(defaultBrokerLimits.limiterForgetMs);
  assert.equal(charges(await other.take(meshId, [limitItem("1")])), 0);
  const memos = (await keys(meshId)).find((key) => key.endsWith(":memos")) ?? "";
  clock.advance(defaultBrokerLimits.limiterForgetMs);
  // The same connection: what it sent before is done first.
  assert.equal(await redis.client.zcard(memos), 1);
  assert.equal(charges(await limiter.take(meshId, [limitItem("2"), limitItem("1")])), 1);
});

test("all keys of a mesh share one hash tag, so that one node of a cluster holds them", async (t) => {
  const { open, keys } = await connected(t);
  const meshId = randomUUID();
  await open(smallAmounts).take(meshId, [limitItem("1", "a"), limitItem("2", "b")]);
  const found = (await keys(meshId)).map((key) => key.slice(key.indexOf(":limit:"))).sort();
  assert.deepEqual(
    found,
    ["member:a", "member:b", "memos", "mesh"].map((end) => `:limit:{${meshId}}:${end}`),
  );
});

test("a key that holds something else is an error of this call, and nothing is charged", async (t) => {
  const { open, redis, keys } = await connected(t);
  const limiter = open(smallAmounts);
  const meshId = randomUUID();
  await limiter.take(meshId, [limitItem("1")]);
  const memos = (await keys(meshId)).find((key) => key.endsWith(":memos")) ?? "";
  await redis.client.set(memos, "nonsense");
  await assert.rejects(limiter.take(meshId, [limitItem("2")]), /WRONGTYPE/);
});
