import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createInProcessLimiter, type InProcessLimits } from "./in-process-limiter.ts";
import type { LimitItem } from "./limiter.ts";

const small: InProcessLimits = { memberRate: 10, memberBurst: 5, meshRate: 20, meshBurst: 8, limiterMemosMax: 1_000 };

function fixture(limits: Partial<InProcessLimits> = {}) {
  const state = { nowUs: 1_000_000_000_000, evicted: 0 };
  const limiter = createInProcessLimiter(
    { ...small, ...limits },
    () => state.nowUs,
    () => {
      state.evicted += 1;
    },
  );
  return { state, limiter };
}

const item = (id: string, member = "m", group = `${id}/${member}`): LimitItem => ({
  memberId: member,
  clientMessageId: id,
  fingerprint: Buffer.alloc(32, 7),
  group,
});

async function allowed(limiter: ReturnType<typeof fixture>["limiter"], items: readonly LimitItem[]): Promise<number> {
  return (await limiter.take("mesh", items)).filter(({ kind }) => kind === "allowed").length;
}

test("a burst passes at once, the next is refused with the time until one more may pass", async () => {
  const { limiter, state } = fixture();
  const ids = Array.from({ length: 6 }, (_, index) => item(`a${index}`));
  const decisions = await limiter.take("mesh", ids);
  assert.deepEqual(
    decisions.map(({ kind }) => kind),
    ["allowed", "allowed", "allowed", "allowed", "allowed", "limited"],
  );
  assert.deepEqual(decisions[5], { kind: "limited", retryAfterMs: 100 });
  state.nowUs += 100_000;
  assert.equal(await allowed(limiter, [item("a5"), item("a6")]), 1);
});

test("never more than burst plus rate times time passes, for member and mesh, whatever the clock does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          stepUs: fc.integer({ min: -2_000_000, max: 2_000_000 }),
          count: fc.integer({ min: 1, max: 12 }),
          member: fc.constantFrom("a", "b", "c"),
        }),
        { maxLength: 60 },
      ),
      async (steps) => {
        const { limiter, state } = fixture();
        const passed = new Map<string, number>();
        let forwardUs = 0;
        let serial = 0;
        for (const { stepUs, count, member } of steps) {
          state.nowUs += stepUs;
          forwardUs += Math.max(0, stepUs);
          const items = Array.from({ length: count }, () => item(`i${serial++}`, member));
          passed.set(member, (passed.get(member) ?? 0) + (await allowed(limiter, items)));
          for (const sum of passed.values())
            assert.ok(sum <= small.memberBurst + (small.memberRate * forwardUs) / 1e6 + 1e-9);
          const all = [...passed.values()].reduce((sum, value) => sum + value, 0);
          assert.ok(all <= small.meshBurst + (small.meshRate * forwardUs) / 1e6 + 1e-9);
        }
      },
    ),
  );
});

test("retries of an allowed id consume at most once, up to eight of them, then it pays again", async () => {
  const { limiter } = fixture();
  const decisions = [];
  for (let attempt = 0; attempt < 10; attempt += 1) decisions.push(...(await limiter.take("mesh", [item("same")])));
  assert.deepEqual(
    decisions.map((decision) => decision.kind === "allowed" && decision.charged),
    [true, ...Array(8).fill(false), true],
  );
});

test("however retries are mixed with new ids, each id is charged at most once within the memo's life", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 }), async (sends) => {
      const { limiter } = fixture({ memberBurst: 1_000, meshBurst: 1_000 });
      const charges = new Map<number, number>();
      const uses = new Map<number, number>();
      for (const send of sends) {
        const [decision] = await limiter.take("mesh", [item(`id${send}`)]);
        uses.set(send, (uses.get(send) ?? 0) + 1);
        if (decision?.kind === "allowed" && decision.charged) charges.set(send, (charges.get(send) ?? 0) + 1);
      }
      for (const [id, count] of charges) assert.ok(count <= Math.ceil((uses.get(id) ?? 0) / 9));
    }),
  );
});

test("another request under the same id pays for itself", async () => {
  const { limiter } = fixture();
  await limiter.take("mesh", [item("same")]);
  const [decision] = await limiter.take("mesh", [{ ...item("same"), fingerprint: Buffer.alloc(32, 8) }]);
  assert.deepEqual(decision, { kind: "allowed", charged: true });
});

test("a refused id leaves no memo and no charge, neither of the member nor of the mesh", async () => {
  const { limiter, state } = fixture({ memberBurst: 1, meshBurst: 3 });
  assert.equal(await allowed(limiter, [item("a1", "a")]), 1);
  for (let attempt = 0; attempt < 20; attempt += 1) assert.equal(await allowed(limiter, [item("a2", "a")]), 0);
  // Twenty refusals of a took nothing from the mesh's three: two are left for others.
  assert.equal(await allowed(limiter, [item("b1", "b"), item("c1", "c"), item("d1", "d")]), 2);
  state.nowUs += 1_000_000;
  assert.deepEqual(await limiter.take("mesh", [item("a2", "a")]), [{ kind: "allowed", charged: true }]);
});

test("after a refusal the later items of its group are skipped at no cost, other groups go on", async () => {
  const { limiter } = fixture({ memberBurst: 2, meshBurst: 10 });
  await limiter.take("mesh", [item("known", "a", "x")]);
  const decisions = await limiter.take("mesh", [
    item("1", "a", "x"),
    item("2", "a", "x"),
    item("known", "a", "x"),
    item("3", "b", "y"),
  ]);
  assert.deepEqual(
    decisions.map(({ kind }) => kind),
    ["allowed", "limited", "skipped", "allowed"],
  );
});

test("a clock set back by a day costs one refill and not a day of refusals", async () => {
  const { limiter, state } = fixture();
  await limiter.take(
    "mesh",
    Array.from({ length: 5 }, (_, index) => item(`a${index}`)),
  );
  state.nowUs -= 86_400_000_000;
  assert.equal(await allowed(limiter, [item("b")]), 0);
  state.nowUs += 500_000;
  assert.equal(
    await allowed(
      limiter,
      Array.from({ length: 6 }, (_, index) => item(`c${index}`)),
    ),
    5,
  );
});

test("a memo ends with its time to live, and the oldest gives way when there are too many", async () => {
  const { limiter, state } = fixture({
    memberRate: 1_000,
    meshRate: 1_000,
    memberBurst: 1_000,
    meshBurst: 1_000,
    limiterMemosMax: 3,
  });
  await limiter.take(
    "mesh",
    ["1", "2", "3", "4"].map((id) => item(id)),
  );
  assert.equal(state.evicted, 1);
  const [first, last] = await limiter.take("mesh", [item("1"), item("4")]);
  assert.deepEqual(
    [first, last],
    [
      { kind: "allowed", charged: true },
      { kind: "allowed", charged: false },
    ],
  );
  state.nowUs += 61_000_000;
  assert.deepEqual(await limiter.take("mesh", [item("4")]), [{ kind: "allowed", charged: true }]);
});
