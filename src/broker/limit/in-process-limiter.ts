import { budgetLeft, clampArrival, type Rate, rateOf, waitUs } from "./gcra.ts";
import type { LimitDecision, Limiter, LimitItem } from "./limiter.ts";
import { createMemo } from "./memo.ts";

const memoTtlMinUs = 60_000_000;
const memoTtlMaxUs = 600_000_000;
/** Keys after which full buckets are swept out. */
const sweepEvery = 1_024;

export interface InProcessLimits {
  readonly memberRate: number;
  readonly memberBurst: number;
  readonly meshRate: number;
  readonly meshBurst: number;
  readonly limiterMemosMax: number;
}

/** The limiter of a broker without Redis. `nowUs` is the clock, integer microseconds. */
export function createInProcessLimiter(limits: InProcessLimits, nowUs: () => number, onEvicted: () => void): Limiter {
  const memberRate = rateOf(limits.memberRate, limits.memberBurst);
  const meshRate = rateOf(limits.meshRate, limits.meshBurst);
  const longestUs = Math.max(memberRate.leadMaxUs, meshRate.leadMaxUs);
  const memo = createMemo({
    ttlUs: Math.min(Math.max(longestUs, memoTtlMinUs), memoTtlMaxUs),
    countMax: limits.limiterMemosMax,
    evicted: onEvicted,
  });
  const meshes = createArrivals(meshRate);
  const members = createArrivals(memberRate);

  function decide(meshId: string, item: LimitItem, now: number): LimitDecision {
    const key = memoKey(meshId, item);
    if (memo.use(key, now)) return { kind: "allowed", charged: false };
    const memberKey = `${meshId}/${item.memberId}`;
    const meshArrival = meshes.get(meshId, now);
    const memberArrival = members.get(memberKey, now);
    // Both are asked before either is charged: a refusal by one takes nothing from the other.
    const wait = Math.max(waitUs(meshArrival, now, meshRate), waitUs(memberArrival, now, memberRate));
    if (wait > 0) return { kind: "limited", retryAfterMs: Math.max(1, Math.ceil(wait / 1_000)) };
    meshes.set(meshId, meshArrival + meshRate.intervalUs, now);
    members.set(memberKey, memberArrival + memberRate.intervalUs, now);
    memo.write(key, now);
    const left = [
      budgetLeft(meshArrival + meshRate.intervalUs, now, meshRate),
      budgetLeft(memberArrival + memberRate.intervalUs, now, memberRate),
    ] as const;
    return { kind: "allowed", charged: true, ...(left[0].remaining < left[1].remaining ? left[0] : left[1]) };
  }

  return {
    take(meshId, items) {
      const now = nowUs();
      const stopped = new Set<string>();
      const decisions = items.map((item): LimitDecision => {
        if (stopped.size > 0 && stopped.has(item.group)) return { kind: "skipped" };
        const decision = decide(meshId, item, now);
        if (decision.kind === "limited") stopped.add(item.group);
        return decision;
      });
      return Promise.resolve(decisions);
    },
    committed(meshId, items) {
      for (const item of items) memo.forget(memoKey(meshId, item));
    },
  };
}

function memoKey(meshId: string, item: Pick<LimitItem, "clientMessageId" | "fingerprint">): string {
  const bytes = item.fingerprint;
  return `${meshId}/${item.clientMessageId}/${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")}`;
}

/** Arrival times by key; a key whose bucket is full again needs no entry and is swept out. */
function createArrivals(rate: Rate) {
  const arrivals = new Map<string, number>();
  let sweepAt = sweepEvery;
  return {
    get(key: string, now: number) {
      const stored = arrivals.get(key);
      const arrivalUs = clampArrival(stored, now, rate);
      // Kept even when the message is refused: clamped anew at every question, the bucket would never refill.
      if (stored !== undefined && arrivalUs < stored) arrivals.set(key, arrivalUs);
      return arrivalUs;
    },
    set(key: string, arrivalUs: number, now: number) {
      arrivals.set(key, arrivalUs);
      if (arrivals.size < sweepAt) return;
      for (const [old, at] of arrivals) if (at <= now) arrivals.delete(old);
      sweepAt = arrivals.size + sweepEvery;
    },
  };
}
