import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ReceiptFrame, ReceiptItem } from "../../protocol/frames.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore } from "../store/store.ts";

/**
 * Receipts on their way from receiver to sender. The sender is told at once when it is here; else they are kept in
 * the store, newest state per message, and handed over at its next link.
 */
export interface Receipts {
  /** From a link of `memberId`. What is not its own is counted and dropped; whether the signature holds is for
   * the message's sender to check, since links are authenticated once and a check a message would halve what a broker carries. Never rejects; false when the store failed. */
  take(meshId: string, memberId: string, items: readonly ReceiptItem[]): Promise<boolean>;
  /** The member's link is open: hands over what was kept. */
  returned(meshId: string, memberId: string): Promise<void>;
}

export interface ReceiptsParts {
  readonly store: Pick<BrokerStore, "addReceipts" | "takeReceipts" | "member">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: { readonly receiptsKeptMax: number; readonly frameItemsMax: number };
  /** The link to a member, if it has one here. */
  linkOf(meshId: string, memberId: string): { send(frame: ReceiptFrame): void } | null;
}

export function createReceipts(parts: ReceiptsParts): Receipts {
  const { store, metrics } = parts;
  async function keep(meshId: string, to: string, items: readonly ReceiptItem[]): Promise<void> {
    const member = await store.member(meshId, to);
    if (member === null) return metrics.receiptsRefused.inc(items.length);
    await store.addReceipts(meshId, items, { keptMax: parts.limits.receiptsKeptMax, now: parts.clock.now() });
    // It may have come while they were being kept.
    if (parts.linkOf(meshId, to) !== null) await returned(meshId, to);
  }

  async function returned(meshId: string, memberId: string): Promise<void> {
    for (;;) {
      const link = parts.linkOf(meshId, memberId);
      if (link === null) return;
      const items = await store.takeReceipts(meshId, memberId, parts.limits.frameItemsMax);
      if (items.length === 0) return;
      link.send({ type: "receipt", items });
      metrics.receiptsForwarded.inc(items.length);
    }
  }

  return {
    async take(meshId, memberId, items) {
      try {
        const bySender = new Map<string, ReceiptItem[]>();
        for (const item of items) {
          if (item.from !== memberId) metrics.receiptsRefused.inc();
          else bySender.set(item.to, [...(bySender.get(item.to) ?? []), item]);
        }
        for (const [to, own] of bySender) {
          const link = parts.linkOf(meshId, to);
          if (link === null) await keep(meshId, to, own);
          else {
            link.send({ type: "receipt", items: own });
            metrics.receiptsForwarded.inc(own.length);
          }
        }
        return true;
      } catch (thrown) {
        const error = ClaudemeshError.from(thrown, "store_unavailable");
        metrics.storeErrors.inc({ code: error.code });
        parts.log.warn({ mesh_id: meshId, code: error.code, error: error.message }, "receipts were not kept");
        return false;
      }
    },
    returned: (meshId, memberId) =>
      returned(meshId, memberId).catch((thrown: unknown) => {
        parts.log.warn(
          { mesh_id: meshId, error: ClaudemeshError.from(thrown).message },
          "kept receipts were not handed over",
        );
      }),
  };
}
