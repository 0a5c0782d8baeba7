import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { LimitAmounts } from "./in-process-limiter.ts";
import type { LimitDecision, Limiter, LimitItem } from "./limiter.ts";

export const smallAmounts: LimitAmounts = {
  memberRate: 10,
  memberBurst: 5,
  meshRate: 20,
  meshBurst: 8,
  limiterMemosMax: 1_000,
};

/** One limiter with a clock of the test's own, in integer microseconds, and a mesh that nobody else uses. */
export interface LimiterFixture {
  readonly limiter: Limiter;
  readonly meshId: string;
  readonly state: { nowUs: number; evicted: number };
}

export type OpenLimiter = (limits: LimitAmounts) => LimiterFixture;

export const limitItem = (id: string, member = "m", group = `${id}/${member}`): LimitItem => ({
  memberId: member,
  clientMessageId: id,
  fingerprint: Buffer.alloc(32, 7),
  group,
});

/** Decisions without what is left of the budget. */
export const bare = (decisions: readonly LimitDecision[]) =>
  decisions.map((decision) =>
    decision.kind === "allowed" ? { kind: decision.kind, charged: decision.charged } : decision,
  );

/** What every limiter does. `start` is called once a test; what it returns, once for every fresh limiter. */
export function limiterSuite(name: string, start: (t: TestContext) => Promise<OpenLimiter>): void {
  async function opened(t: TestContext) {
    const open = await start(t);
    return (limits: Partial<LimitAmounts> = {}) => open({ ...smallAmounts, ...limits });
  }

  test(`${name}: a burst passes at once, the next is refused with the time until one more may pass`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId, state } = fixture();
    const ids = Array.from({ length: 6 }, (_, index) => limitItem(`a${index}`));
    const decisions = await limiter.take(meshId, ids);
    assert.deepEqual(
      decisions.map(({ kind }) => kind),
      ["allowed", "allowed", "allowed", "allowed", "allowed", "limited"],
    );
    assert.deepEqual(decisions[5], { kind: "limited", retryAfterMs: 100 });
    state.nowUs += 100_000;
    assert.equal(await allowed(limiter, meshId, [limitItem("a5"), limitItem("a6")]), 1);
  });

  test(`${name}: never more than burst plus rate times time passes, for member and mesh, whatever the clock does`, async (t) => {
    const fixture = await opened(t);
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
          const { limiter, meshId, state } = fixture();
          const passed = new Map<string, number>();
          let forwardUs = 0;
          let serial = 0;
          for (const { stepUs, count, member } of steps) {
            state.nowUs += stepUs;
            forwardUs += Math.max(0, stepUs);
            const items = Array.from({ length: count }, () => limitItem(`i${serial++}`, member));
            passed.set(member, (passed.get(member) ?? 0) + (await allowed(limiter, meshId, items)));
            for (const sum of passed.values())
              assert.ok(sum <= smallAmounts.memberBurst + (smallAmounts.memberRate * forwardUs) / 1e6 + 1e-9);
            const all = [...passed.values()].reduce((sum, value) => sum + value, 0);
            assert.ok(all <= smallAmounts.meshBurst + (smallAmounts.meshRate * forwardUs) / 1e6 + 1e-9);
          }
        },
      ),
    );
  });

  test(`${name}: retries of an allowed id consume at most once, up to eight of them, then it pays again`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId } = fixture();
    const decisions = [];
    for (let attempt = 0; attempt < 10; attempt += 1)
      decisions.push(...(await limiter.take(meshId, [limitItem("same")])));
    assert.deepEqual(
      decisions.map((decision) => decision.kind === "allowed" && decision.charged),
      [true, ...Array(8).fill(false), true],
    );
  });

  test(`${name}: however retries are mixed with new ids, each id is charged at most once within the memo's life`, async (t) => {
    const fixture = await opened(t);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 }), async (sends) => {
        const { limiter, meshId } = fixture({ memberBurst: 1_000, meshBurst: 1_000 });
        const charges = new Map<number, number>();
        const uses = new Map<number, number>();
        for (const send of sends) {
          const [decision] = await limiter.take(meshId, [limitItem(`id${send}`)]);
          uses.set(send, (uses.get(send) ?? 0) + 1);
          if (decision?.kind === "allowed" && decision.charged) charges.set(send, (charges.get(send) ?? 0) + 1);
        }
        for (const [id, count] of charges) assert.ok(count <= Math.ceil((uses.get(id) ?? 0) / 9));
      }),
    );
  });

  test(`${name}: another request under the same id pays for itself`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId } = fixture();
    await limiter.take(meshId, [limitItem("same")]);
    const decisions = await limiter.take(meshId, [{ ...limitItem("same"), fingerprint: Buffer.alloc(32, 8) }]);
    assert.deepEqual(bare(decisions), [{ kind: "allowed", charged: true }]);
  });

  test(`${name}: a refused id leaves no memo and no charge, neither of the member nor of the mesh`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId, state } = fixture({ memberBurst: 1, meshBurst: 3 });
    assert.equal(await allowed(limiter, meshId, [limitItem("a1", "a")]), 1);
    for (let attempt = 0; attempt < 20; attempt += 1)
      assert.equal(await allowed(limiter, meshId, [limitItem("a2", "a")]), 0);
    // Twenty refusals of a took nothing from the mesh's three: two are left for others.
    assert.equal(await allowed(limiter, meshId, [limitItem("b1", "b"), limitItem("c1", "c"), limitItem("d1", "d")]), 2);
    state.nowUs += 1_000_000;
    assert.deepEqual(bare(await limiter.take(meshId, [limitItem("a2", "a")])), [{ kind: "allowed", charged: true }]);
  });

  test(`${name}: after a refusal the later items of its group are skipped at no cost, other groups go on`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId } = fixture({ memberBurst: 2, meshBurst: 10 });
    await limiter.take(meshId, [limitItem("known", "a", "x")]);
    const decisions = await limiter.take(meshId, [
      limitItem("1", "a", "x"),
      limitItem("2", "a", "x"),
      limitItem("known", "a", "x"),
      limitItem("3", "b", "y"),
    ]);
    assert.deepEqual(
      decisions.map(({ kind }) => kind),
      ["allowed", "limited", "skipped", "allowed"],
    );
  });

  test(`${name}: a clock set back by a day costs one refill and not a day of refusals`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId, state } = fixture();
    await limiter.take(
      meshId,
      Array.from({ length: 5 }, (_, index) => limitItem(`a${index}`)),
    );
    state.nowUs -= 86_400_000_000;
    assert.equal(await allowed(limiter, meshId, [limitItem("b")]), 0);
    state.nowUs += 500_000;
    assert.equal(
      await allowed(
        limiter,
        meshId,
        Array.from({ length: 6 }, (_, index) => limitItem(`c${index}`)),
      ),
      5,
    );
  });

  test(`${name}: a memo ends with its time to live, and the oldest gives way when there are too many`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId, state } = fixture({
      memberRate: 1_000,
      meshRate: 1_000,
      memberBurst: 1_000,
      meshBurst: 1_000,
      limiterMemosMax: 3,
    });
    for (const id of ["1", "2", "3", "4"]) {
      await limiter.take(meshId, [limitItem(id)]);
      state.nowUs += 1_000;
    }
    assert.equal(state.evicted, 1);
    assert.deepEqual(bare(await limiter.take(meshId, [limitItem("4"), limitItem("2"), limitItem("1")])), [
      { kind: "allowed", charged: false },
      { kind: "allowed", charged: false },
      { kind: "allowed", charged: true },
    ]);
    state.nowUs += 61_000_000;
    assert.deepEqual(bare(await limiter.take(meshId, [limitItem("4")])), [{ kind: "allowed", charged: true }]);
  });

  test(`${name}: a retry in the same batch is free, whatever stands between`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId } = fixture();
    const decisions = await limiter.take(meshId, [limitItem("1"), limitItem("2"), limitItem("1")]);
    assert.deepEqual(
      decisions.map((decision) => decision.kind === "allowed" && decision.charged),
      [true, true, false],
    );
  });

  test(`${name}: an allowed message is told what is left, of the member or of the mesh, and when all is back`, async (t) => {
    const fixture = await opened(t);
    const { limiter, meshId } = fixture({ memberBurst: 5, meshBurst: 6 });
    const first = await limiter.take(meshId, [limitItem("1", "a"), limitItem("1", "a")]);
    assert.deepEqual(first, [
      { kind: "allowed", charged: true, remaining: 4, resetMs: 100 },
      { kind: "allowed", charged: false, remaining: 4, resetMs: 100 },
    ]);
    await limiter.take(meshId, [limitItem("2", "b"), limitItem("3", "b"), limitItem("4", "b")]);
    const [last] = await limiter.take(meshId, [limitItem("5", "c")]);
    assert.deepEqual(last, { kind: "allowed", charged: true, remaining: 1, resetMs: 250 });
  });
}

async function allowed(limiter: Limiter, meshId: string, items: readonly LimitItem[]): Promise<number> {
  return (await limiter.take(meshId, items)).filter(({ kind }) => kind === "allowed").length;
}
