import type { Clock, Timer } from "../../base/clock.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Bus } from "../fleet/bus.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { Claimed, ClaimedMessage } from "../store/queue-store.ts";
import type { BrokerStore } from "../store/store.ts";

export interface ClaimRequest {
  readonly meshId: string;
  readonly memberId: string;
  readonly queue: string;
  readonly limit: number;
  /** Of the answer, about. */
  readonly limitBytes: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  /** Names who may have so many claims waiting: a link. */
  readonly owner: string;
  /** Names the claim among its owner's. */
  readonly claimId: number;
  /** Rejects when its member may not have messages of the queue: asked when its turn has come, so that it can be cancelled before. */
  permit(): Promise<void>;
  /** Whether there still is somebody to hand messages to. */
  alive(): boolean;
}

/**
 * Claims of work, in the order in which they come. Those of one queue are served one after the other. One that finds
 * nothing waits: until a message is accepted for the queue or given back to it, until a lease or a delay is over (which
 * the store tells the time of), or until its own time is up. What this broker is not told of is found by looking again.
 */
export interface Queues {
  /** Empty when nothing came in time. Rejects what the store refuses, and rate_limited when too many of the owner wait. */
  claim(request: ClaimRequest): Promise<readonly ClaimedMessage[]>;
  /** Nobody waits for it any more: it gets nothing, unless it is being served already. */
  cancel(owner: string, claimId: number): void;
  /** There may be something to claim: told after every accept that makes it so, by whichever broker. */
  wake(meshId: string, queue: string): void;
  /** The same of what was given back or made ready again, here; other brokers are told too. */
  ready(meshId: string, queue: string): void;
  /** Every claim that waits gets nothing. */
  stop(): void;
}

interface Waiter {
  readonly request: ClaimRequest;
  cancelled: boolean;
  readonly until: number;
  settle(messages: readonly ClaimedMessage[]): void;
  fail(error: unknown): void;
}

interface Lane {
  waiting: Waiter[];
  running: boolean;
  /** Woken while it ran: what it found may be older than the reason for waking it. */
  again: boolean;
  timer: Timer | null;
}

export function createQueues(parts: {
  readonly store: Pick<BrokerStore, "claim">;
  readonly bus: Pick<Bus, "publish">;
  readonly clock: Clock;
  readonly metrics: Pick<BrokerMetrics, "queueDeliveries" | "queueDeadLetters">;
  readonly limits: Pick<BrokerLimits, "linkClaimsWaitingMax" | "claimRecheckMs">;
}): Queues {
  const { store, clock, metrics, limits } = parts;
  const lanes = new Map<string, Lane>();
  const waitingOf = new Map<string, number>();
  let stopped = false;

  function count(owner: string, change: 1 | -1): void {
    const waiting = (waitingOf.get(owner) ?? 0) + change;
    if (waiting === 0) waitingOf.delete(owner);
    else waitingOf.set(owner, waiting);
  }

  async function run(key: string, lane: Lane): Promise<void> {
    if (lane.running) {
      lane.again = true;
      return;
    }
    lane.running = true;
    lane.timer?.cancel();
    let nextAt: number | null;
    do {
      lane.again = false;
      nextAt = await serve(lane);
    } while (lane.again);
    lane.running = false;
    if (lane.waiting.length === 0) return void lanes.delete(key);
    const now = clock.now();
    const soonest = Math.min(nextAt ?? Number.POSITIVE_INFINITY, ...lane.waiting.map(({ until }) => until));
    lane.timer = clock.after(Math.max(1, Math.min(soonest - now, limits.claimRecheckMs)), () => void run(key, lane));
  }

  function isWaiting({ cancelled, request }: Waiter): boolean {
    return !cancelled && request.alive() && !stopped;
  }

  /** Serves who waits until the queue has nothing more; answers when it may have something again by time alone. */
  async function serve(lane: Lane): Promise<number | null> {
    for (;;) {
      lane.waiting = lane.waiting.filter((waiter) => {
        if (isWaiting(waiter)) return true;
        waiter.settle([]);
        return false;
      });
      const [waiter] = lane.waiting;
      if (waiter === undefined) return null;
      let claimed: Claimed;
      try {
        await waiter.request.permit();
        if (!isWaiting(waiter)) continue;
        claimed = await attempt(waiter.request);
      } catch (thrown) {
        lane.waiting.shift();
        waiter.fail(thrown);
        continue;
      }
      if (claimed.messages.length > 0) {
        lane.waiting.shift();
        waiter.settle(claimed.messages);
        continue;
      }
      const now = clock.now();
      // Nothing for the first is nothing for all.
      const late = lane.waiting.filter(({ until }) => until <= now);
      lane.waiting = lane.waiting.filter(({ until }) => until > now);
      for (const { settle } of late) settle([]);
      return claimed.nextAt;
    }
  }

  async function attempt({ meshId, memberId, queue, ...options }: ClaimRequest): Promise<Claimed> {
    const { limit, limitBytes, leaseMs } = options;
    const claimed = await store.claim(meshId, memberId, queue, { limit, limitBytes, leaseMs, now: clock.now() });
    if (claimed.messages.length > 0) metrics.queueDeliveries.inc({ mesh: meshId }, claimed.messages.length);
    if (claimed.dead > 0) metrics.queueDeadLetters.inc({ mesh: meshId }, claimed.dead);
    return claimed;
  }

  function wake(meshId: string, queue: string): void {
    const key = keyOf(meshId, queue);
    const lane = lanes.get(key);
    if (lane !== undefined) void run(key, lane);
  }

  return {
    claim(request) {
      if (stopped) return Promise.reject(new ClaudemeshError("stopping", "The broker is stopping."));
      if ((waitingOf.get(request.owner) ?? 0) >= limits.linkClaimsWaitingMax)
        return Promise.reject(new ClaudemeshError("rate_limited", "Too many claims of this daemon wait already."));
      const key = keyOf(request.meshId, request.queue);
      const lane = lanes.get(key) ?? { waiting: [], running: false, again: false, timer: null };
      lanes.set(key, lane);
      count(request.owner, 1);
      const answered = new Promise<readonly ClaimedMessage[]>((settle, fail) => {
        lane.waiting.push({ request, cancelled: false, until: clock.now() + request.waitMs, settle, fail });
      });
      void run(key, lane);
      return answered.finally(() => count(request.owner, -1));
    },
    cancel(owner, claimId) {
      for (const [key, lane] of lanes) {
        const meant = lane.waiting.find(({ request }) => request.owner === owner && request.claimId === claimId);
        if (meant === undefined) continue;
        meant.cancelled = true;
        void run(key, lane);
      }
    },
    wake,
    ready(meshId, queue) {
      wake(meshId, queue);
      parts.bus.publish({ kind: "queue_ready", mesh_id: meshId, queue });
    },
    stop() {
      stopped = true;
      for (const lane of lanes.values()) {
        lane.timer?.cancel();
        if (!lane.running) for (const { settle } of lane.waiting.splice(0)) settle([]);
      }
    },
  };
}

/** A name holds no space. */
const keyOf = (meshId: string, queue: string): string => `${meshId} ${queue}`;
