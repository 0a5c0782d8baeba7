import { injectMessage, readMessage } from "../inbox/message-stages.ts";
import type { InboxQueries } from "../inbox/queries.ts";
import { nextOffer, type Offer, type OfferEvent } from "./next-offer.ts";
import type { OfferRow } from "./offer-queries.ts";

/** What a commit did, for whoever has to hear of it once it is on disk. */
export interface OfferNews {
  readonly queries: InboxQueries;
  readonly now: number;
  /** The link is woken. */
  leftReceipt: boolean;
  /** Something waits that did not. */
  waits: boolean;
  readonly counted: { readonly way: OfferRow["way"]; readonly outcome: string }[];
}

/**
 * Takes a row to its next state, and the message with it: what is said of a message and the receipt for it are one commit. Null: the
 * event changes nothing.
 */
export function changeOffer(
  news: OfferNews,
  row: OfferRow,
  event: OfferEvent,
  also: Partial<Pick<OfferRow, "released" | "not_before" | "seen_at">> = {},
): OfferRow | null {
  const next = nextOffer(offerOf(row), event, news.now);
  if (next === null) return null;
  const changed = { ...row, ...columnsOf(next), changed_at: news.now, ...also };
  news.queries.putOffer(changed);
  follow(news, row, changed, event);
  return changed;
}

function follow(news: OfferNews, before: OfferRow, { state, way, inbox_id }: OfferRow, event: OfferEvent): void {
  const { queries, now } = news;
  if (state !== "offered") news.counted.push({ way, outcome: state });
  if (state === "waiting") news.waits = true;
  const message = state === "injected" || state === "read" ? queries.row(inbox_id) : null;
  if (message === null) return;
  const wasIn = before.state === "injected" || event.kind === "read";
  if (!wasIn && injectMessage(queries, message, now)) news.leftReceipt = true;
  if (state === "read" && readMessage(queries, message, now)) news.leftReceipt = true;
}

export function offerOf(row: OfferRow): Offer {
  const { state, way, offer_id, offers, lease_until, reason } = row;
  return { state, way, offer_id, offers, notice: row.notice === 1, lease_until, reason };
}

export function columnsOf({ notice, ...offer }: Offer): Omit<Offer, "notice"> & Pick<OfferRow, "notice"> {
  return { ...offer, notice: notice ? 1 : 0 };
}
