import { clampArrival, type Rate, rateOf, waitUs } from "./gcra.ts";
import type { LimitDecision, Limiter, LimitItem } from "./limiter.ts";
import { createMemo, memoTtlUs } from "./memo.ts";

/** Keys after which full buckets are swept out. */
const sweepEvery = 1_024;

/** Messages a second and at once, of a member and of a mesh. */
export interface LimitAmounts {
  readonly memberRate: number;
  readonly memberBurst: number;
  readonly meshRate: number;
  readonly meshBurst: number;
  readonly limiterMemosMax: number;
}

/**
 * The limiter of a broker without Redis. `nowUs` is the clock, integer microseconds. With `brokers` it grants the part
 * of the limits that is left to each of so many; that number may change.
 */
export function createInProcessLimiter(
  limits: LimitAmounts,
  nowUs: () => number,
  onEvicted: (count: number) => void,
  brokers: () => number = () => 1,
): Limiter {
  let rates = ratesOf(limits, 1);
  const memo = createMemo({
    ttlUs: memoTtlUs(rates.mesh, rates.member),
    countMax: limits.limiterMemosMax,
    evicted: onEvicted,
  });
  const meshes = createArrivals();
  const members = createArrivals();

  function decide(meshId: string, item: LimitItem, now: number): LimitDecision {
    const key = memoKey(meshId, item);
    const memberKey = `${meshId}/${item.memberId}`;
    const meshArrival = meshes.get(meshId, now, rates.mesh);
    const memberArrival = members.get(memberKey, now, rates.member);
    const allowed = (charged: 0 | 1): LimitDecision => {
      const meshNow = meshArrival + charged * rates.mesh.intervalUs;
      const memberNow = memberArrival + charged * rates.member.intervalUs;
      return {
        kind: "allowed",
        charged: charged === 1,
        remaining: Math.min(left(meshNow, now, rates.mesh), left(memberNow, now, rates.member)),
        resetMs: Math.max(0, Math.ceil((Math.max(meshNow, memberNow) - now) / 1_000)),
      };
    };
    if (memo.use(key, now)) return allowed(0);
    // Both are asked before either is charged: a refusal by one takes nothing from the other.
    const wait = Math.max(waitUs(meshArrival, now, rates.mesh), waitUs(memberArrival, now, rates.member));
    if (wait > 0) return { kind: "limited", retryAfterMs: Math.max(1, Math.ceil(wait / 1_000)) };
    meshes.set(meshId, meshArrival + rates.mesh.intervalUs, now);
    members.set(memberKey, memberArrival + rates.member.intervalUs, now);
    memo.write(key, now);
    return allowed(1);
  }

  return {
    take(meshId, items) {
      const now = nowUs();
      const share = Math.max(1, brokers());
      if (share !== rates.share) rates = ratesOf(limits, share);
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

function ratesOf(limits: LimitAmounts, share: number) {
  return {
    share,
    member: rateOf(limits.memberRate / share, limits.memberBurst / share),
    mesh: rateOf(limits.meshRate / share, limits.meshBurst / share),
  };
}

/** Messages that a bucket still passes at once. */
function left(arrivalUs: number, nowUs: number, rate: Rate): number {
  return Math.max(0, Math.floor((nowUs + rate.leadMaxUs - arrivalUs) / rate.intervalUs));
}

function memoKey(meshId: string, item: Pick<LimitItem, "clientMessageId" | "fingerprint">): string {
  const bytes = item.fingerprint;
  return `${meshId}/${item.clientMessageId}/${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")}`;
}

/** Arrival times by key; a key whose bucket is full again needs no entry and is swept out. */
function createArrivals() {
  const arrivals = new Map<string, number>();
  let sweepAt = sweepEvery;
  return {
    get(key: string, now: number, rate: Rate) {
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
