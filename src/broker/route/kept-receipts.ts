import type { Clock } from "../../base/clock.ts";
import type { ReceiptGroup } from "../../protocol/frames.ts";
import type { AskReply } from "../link/asks.ts";
import type { BrokerStore, KeptReceipts } from "../store/store.ts";
import type { ToldLink } from "./receipts.ts";

/** Groups told at once. */
const groupsPerFrame = 16;

/**
 * What is kept for a sender, told to one link of it. What that link confirms is dropped, but for what its daemon says it has not sent, where
 * others of the member may have: that stays for them, and is not told to this link again.
 */
export interface KeptGroups {
  /** True when the link was told all that is kept; false when it did not confirm. */
  handOver(meshId: string, memberId: string, link: ToldLink): Promise<boolean>;
}

/** What one link has been told without effect. */
interface Told {
  readonly ids: Set<number>;
  /** Where to go on reading; what another broker keeps may commit below it, so that it is read from the start now and then. */
  after: number;
  readAt: number;
}

export function createKeptReceipts(parts: {
  readonly store: Pick<BrokerStore, "takeReceipts" | "dropReceipts">;
  readonly clock: Clock;
  readonly limits: { readonly receiptsKeptMax: number; readonly receiptsAgainMs: number };
  tell(link: ToldLink, groups: readonly ReceiptGroup[]): Promise<AskReply | null>;
  allowsSeveral(meshId: string): Promise<boolean>;
}): KeptGroups {
  const { store, clock, limits } = parts;
  const toldTo = new WeakMap<ToldLink, Told>();

  function toldBefore(link: ToldLink): Told {
    const told = toldTo.get(link) ?? { ids: new Set<number>(), after: 0, readAt: clock.now() };
    if (clock.now() - told.readAt >= limits.receiptsAgainMs) {
      told.after = 0;
      told.readAt = clock.now();
    }
    return told;
  }

  return {
    async handOver(meshId, memberId, link) {
      const told = toldBefore(link);
      let { after } = told;
      for (;;) {
        const kept = await store.takeReceipts(meshId, memberId, groupsPerFrame, after);
        const last = kept.at(-1);
        if (last === undefined) break;
        const fresh = kept.filter(({ receipt_id: id }) => !told.ids.has(id));
        if (fresh.length > 0) {
          const reply = await parts.tell(
            link,
            fresh.map(({ group }) => group),
          );
          if (reply === null) return false;
          const left = reply.unknown.size > 0 && (await parts.allowsSeveral(meshId)) ? fresh.filter(isLeft(reply)) : [];
          const ids = fresh.filter((each) => !left.includes(each)).map(({ receipt_id }) => receipt_id);
          if (ids.length > 0) await store.dropReceipts(meshId, memberId, ids);
          if (told.ids.size + left.length > limits.receiptsKeptMax) told.ids.clear();
          for (const { receipt_id: id } of left) told.ids.add(id);
        }
        after = last.receipt_id;
      }
      if (told.ids.size === 0) return true;
      told.after = after;
      toldTo.set(link, told);
      return true;
    },
  };
}

/** Some of a group is another daemon's: the whole of it stays, since its signature is over the whole. Telling twice is harmless. */
const isLeft =
  ({ unknown }: AskReply) =>
  ({ group }: KeptReceipts): boolean =>
    group.items.some(({ client_message_id: id }) => unknown.has(id));
