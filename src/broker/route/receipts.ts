import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ReceiptGroup } from "../../protocol/frames.ts";
import type { Ask } from "../link/asks.ts";
import type { Turns } from "../turns.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore } from "../store/store.ts";

/**
 * Receipts on their way from receiver to sender. A sender that is here is told at once and confirms; what is not
 * confirmed, and what is for a sender that is away, is kept in the store until it is. The receiver gets its reply, and
 * forgets the receipts, only then: between two disks there is no moment at which a receipt is on none.
 */
export interface Receipts {
  /**
   * From a link of `memberId`. What is not its own is counted and dropped; whether the signature holds is for the
   * message's sender to check, since links are authenticated once and a check a message would halve what a broker
   * carries. What the store has to keep is asked of it in `turns`, its link's. Never rejects; false when the store failed.
   */
  take(meshId: string, memberId: string, groups: readonly ReceiptGroup[], turns: Pick<Turns, "take">): Promise<boolean>;
  /** The member's link is open: hands over what was kept. Never rejects. */
  returned(meshId: string, memberId: string): Promise<void>;
}

export interface ReceiptsParts {
  readonly store: Pick<BrokerStore, "addReceipts" | "takeReceipts" | "dropReceipts" | "member">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: { readonly receiptsKeptMax: number };
  /** Receipts are kept for a member that has no link here: another broker may have one. */
  owed(meshId: string, memberId: string): void;
  /** The link to a member, if it has one here. */
  linkOf(meshId: string, memberId: string): { readonly asks: { ask(frame: Ask): Promise<boolean> } } | null;
}

/** Kept groups told at once. */
const groupsPerFrame = 16;

export function createReceipts(parts: ReceiptsParts): Receipts {
  const { store, metrics } = parts;
  /** By mesh and member: kept groups are being handed over now; there are some although the member is here. */
  const handingOver = new Set<string>();
  const owed = new Set<string>();

  async function tell(meshId: string, to: string, groups: readonly ReceiptGroup[]): Promise<boolean> {
    const link = parts.linkOf(meshId, to);
    if (link === null || !(await link.asks.ask({ type: "receipt", groups }))) return false;
    metrics.receiptsForwarded.inc(groups.reduce((sum, group) => sum + group.items.length, 0));
    return true;
  }

  async function pass(meshId: string, group: ReceiptGroup, turns: Pick<Turns, "take">): Promise<void> {
    const key = `${meshId}/${group.to}`;
    if (await tell(meshId, group.to, [group])) {
      if (owed.has(key)) void returned(meshId, group.to);
      return;
    }
    const kept = await turns.take(() => keep(meshId, group));
    if (!kept) return metrics.receiptsRefused.inc(group.items.length);
    // It may have come while they were being kept, or be here and slow.
    if (parts.linkOf(meshId, group.to) !== null) void returned(meshId, group.to);
    else parts.owed(meshId, group.to);
  }

  /** False when there is no such member. */
  async function keep(meshId: string, group: ReceiptGroup): Promise<boolean> {
    if ((await store.member(meshId, group.to)) === null) return false;
    await store.addReceipts(meshId, [group], { keptMax: parts.limits.receiptsKeptMax, now: parts.clock.now() });
    return true;
  }

  async function returned(meshId: string, memberId: string): Promise<void> {
    const key = `${meshId}/${memberId}`;
    owed.add(key);
    if (handingOver.has(key)) return;
    handingOver.add(key);
    try {
      while (owed.delete(key)) {
        // Not confirmed, though it is here: the next time that it confirms something, it is told again.
        if (!(await handOver(meshId, memberId)) && parts.linkOf(meshId, memberId) !== null) {
          owed.add(key);
          break;
        }
      }
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown).message;
      parts.log.warn({ mesh_id: meshId, error }, "kept receipts were not handed over");
    } finally {
      handingOver.delete(key);
    }
  }

  /** True when nothing is kept any more. */
  async function handOver(meshId: string, memberId: string): Promise<boolean> {
    for (;;) {
      const kept = await store.takeReceipts(meshId, memberId, groupsPerFrame);
      if (kept.length === 0) return true;
      const groups = kept.map(({ group }) => group);
      if (!(await tell(meshId, memberId, groups))) return false;
      const ids = kept.map(({ receipt_id }) => receipt_id);
      await store.dropReceipts(meshId, memberId, ids);
    }
  }

  return {
    async take(meshId, memberId, groups, turns) {
      try {
        const own = groups.filter((group) => group.from === memberId);
        for (const group of groups) if (group.from !== memberId) metrics.receiptsRefused.inc(group.items.length);
        await Promise.all(own.map((group) => pass(meshId, group, turns)));
        return true;
      } catch (thrown) {
        const error = ClaudemeshError.from(thrown, "store_unavailable");
        // The link is gone: its receiver sends them again at its next one.
        if (error.code === "stopping") return false;
        metrics.storeErrors.inc({ code: error.code });
        parts.log.warn({ mesh_id: meshId, code: error.code, error: error.message }, "receipts were not kept");
        return false;
      }
    },
    returned,
  };
}
