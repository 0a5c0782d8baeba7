import type { Clock } from "../../base/clock.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { checkedPage, sentTo, type HistoryParts } from "../localapi/history.ts";
import type { CheckedPush, Inbox } from "../parts.ts";

/** Inbox fact: what an inbox that was made anew has yet to get from the broker, as {@link RebuildFact}; "" when that is done. */
export const rebuildFact = "inbox_rebuild";

export interface RebuildFact {
  /** Destinations that are done with: `dm`, or a topic's name. */
  readonly done: readonly string[];
  /** Messages that were put back so far. */
  readonly messages: number;
}

/** Of history, in one request: as many as a page of the local API has by default. */
const pageItems = 100;
/** Pages of one destination: more than any broker keeps. */
const pagesMax = 100_000;

export interface RebuildParts extends HistoryParts {
  readonly inbox: Inbox;
  readonly clock: Clock;
}

/**
 * Fills an inbox that `recover` has made anew from the broker's history: direct messages, and those of topics that this member has
 * joined. It begins when a link stands; what a link's end cuts off goes on at the next one, destination by destination.
 */
export function createInboxRebuild(parts: RebuildParts): Service {
  const { inbox, log } = parts;
  let running: Promise<void> = Promise.resolve();
  let stopping = false;
  let unlisten = (): void => undefined;
  const run = (): void => {
    running = running.then(async () => {
      try {
        if (!stopping) await rebuild(parts, () => stopping);
      } catch (thrown) {
        log.warn(
          { error: ClaudemeshError.from(thrown).message },
          "the inbox is not yet rebuilt; it goes on with the next link",
        );
      }
    });
  };
  return {
    async start() {
      if (readFact(inbox) === null) return;
      unlisten = inbox.onEvent(({ event }) => {
        if (event === "link_up") run();
      });
      if (parts.link.state().state === "connected") run();
    },
    async stop() {
      stopping = true;
      unlisten();
      await running;
    },
  };
}

function readFact(inbox: Pick<Inbox, "fact">): RebuildFact | null {
  const kept = inbox.fact(rebuildFact) ?? "";
  return kept === "" ? null : (JSON.parse(kept) as RebuildFact);
}

async function rebuild(parts: RebuildParts, isOver: () => boolean): Promise<void> {
  const { inbox, link, clock, log } = parts;
  let fact = readFact(inbox);
  if (fact === null) return;
  const topics = (link.directory()?.topics ?? []).filter(({ subscribed }) => subscribed).map(({ name }) => name);
  for (const address of ["dm", ...topics]) {
    if (fact.done.includes(address)) continue;
    let messages = 0;
    // The broker answers newest first; put back oldest first, they stand in the order in which they came.
    const starts = await pageStarts(parts, address);
    for (const before of starts.reverse()) {
      if (isOver()) return;
      const { items } = await page(parts, address, before);
      messages += await inbox.restore(
        items.filter((item) => isReceived(item, parts.self.memberId)).reverse(),
        clock.now(),
      );
    }
    fact = { done: [...fact.done, address], messages: fact.messages + messages };
    await inbox.setFact(rebuildFact, JSON.stringify(fact));
  }
  await inbox.setFact(rebuildFact, "");
  await inbox.addEvents([{ event: "inbox_rebuilt", data: { messages: fact.messages } }], clock.now());
  log.info({ messages: fact.messages }, "the inbox is rebuilt of what the broker keeps");
}

/** Where each page begins: null for the newest. */
async function pageStarts(parts: RebuildParts, address: string): Promise<(number | null)[]> {
  const starts: (number | null)[] = [null];
  for (let before: number | null = null; starts.length < pagesMax; starts.push(before)) {
    const { next }: { next: number | null } = await page(parts, address, before);
    if (next === null || (before !== null && next >= before)) break;
    before = next;
  }
  return starts;
}

async function page(parts: RebuildParts, address: string, before: number | null) {
  const result = await parts.link.request({ type: "history", address, before_seq: before, limit: pageItems });
  return checkedPage(result, parts, sentTo(address));
}

/** What this member sent to others is in no inbox; neither is what it said in a topic. */
function isReceived({ item: { envelope } }: CheckedPush, memberId: string): boolean {
  if (envelope === null) return false;
  return envelope.destination_kind === "dm"
    ? envelope.destination_ref.startsWith(memberId)
    : envelope.sender !== memberId;
}
