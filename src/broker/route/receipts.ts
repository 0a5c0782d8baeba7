import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ReceiptGroup } from "../../protocol/frames.ts";
import type { Ask, AskReply } from "../link/asks.ts";
import type { Turns } from "../turns.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore } from "../store/store.ts";
import { createKeptReceipts } from "./kept-receipts.ts";

/**
 * Receipts on their way from receiver to sender. A sender that is here is told at once and confirms; what is not
 * confirmed, and what is for a sender that is away, is kept in the store until it is. The receiver gets its reply, and
 * forgets the receipts, only then: between two disks there is no moment at which a receipt is on none.
 * Where a mesh allows several daemons of one member, each is told, and what none of them has sent stays kept: its daemon is elsewhere.
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
  readonly store: Pick<BrokerStore, "addReceipts" | "takeReceipts" | "dropReceipts" | "member" | "meshById">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: { readonly receiptsKeptMax: number; readonly receiptsAgainMs: number };
  /** Receipts are kept for a member that has no link here: another broker may have one. */
  owed(meshId: string, memberId: string): void;
  /** The links of a member here. */
  linksOf(meshId: string, memberId: string): readonly ToldLink[];
}

export interface ToldLink {
  readonly asks: { ask(frame: Ask): Promise<AskReply | null> };
}

export function createReceipts(parts: ReceiptsParts): Receipts {
  const { store, metrics } = parts;
  /** By mesh and member: kept groups are being handed over now; there are some although the member is here. */
  const handingOver = new Set<string>();
  const owed = new Set<string>();
  const isHere = (meshId: string, memberId: string): boolean => parts.linksOf(meshId, memberId).length > 0;
  const kept = createKeptReceipts({ ...parts, tell, allowsSeveral });

  /** null: the link did not confirm. */
  async function tell(link: ToldLink, groups: readonly ReceiptGroup[]): Promise<AskReply | null> {
    const reply = await link.asks.ask({ type: "receipt", groups });
    if (reply !== null) metrics.receiptsForwarded.inc(groups.reduce((sum, group) => sum + group.items.length, 0));
    return reply;
  }

  async function allowsSeveral(meshId: string): Promise<boolean> {
    return (await store.meshById(meshId))?.concurrency === "allow_concurrent";
  }

  /** `left`: told, but some of it to none that has sent it. */
  async function tellAll(meshId: string, group: ReceiptGroup): Promise<"told" | "left" | "not told"> {
    const replies = await Promise.all(parts.linksOf(meshId, group.to).map((link) => tell(link, [group])));
    const told = replies.filter((reply) => reply !== null);
    if (told.length === 0) return "not told";
    const isOurs = ({ client_message_id: id }: ReceiptGroup["items"][number]): boolean =>
      told.some(({ unknown }) => !unknown.has(id));
    return group.items.every(isOurs) || !(await allowsSeveral(meshId)) ? "told" : "left";
  }

  async function pass(meshId: string, group: ReceiptGroup, turns: Pick<Turns, "take">): Promise<void> {
    const key = `${meshId}/${group.to}`;
    const how = await tellAll(meshId, group);
    if (how === "told") {
      if (owed.has(key)) void returned(meshId, group.to);
      return;
    }
    const isKept = await turns.take(() => keep(meshId, group));
    if (!isKept) return metrics.receiptsRefused.inc(group.items.length);
    // It may have come while they were being kept, or be here and slow.
    if (isHere(meshId, group.to)) void returned(meshId, group.to);
    if (how === "left" || !isHere(meshId, group.to)) parts.owed(meshId, group.to);
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
        if (!(await handOver(meshId, memberId)) && isHere(meshId, memberId)) {
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

  /** True when every link here has been told all that is kept. */
  async function handOver(meshId: string, memberId: string): Promise<boolean> {
    let all = true;
    for (const link of parts.linksOf(meshId, memberId)) if (!(await kept.handOver(meshId, memberId, link))) all = false;
    return all;
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
