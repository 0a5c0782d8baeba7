import type { Addressee } from "./offer-queries.ts";
import { changeOffer, type OfferNews } from "./offer-row.ts";
import { newRow } from "./take-offers.ts";

/**
 * Somebody here lets a message in, whatever the policy for its sender, or what the session's user said before. The agents that it is for,
 * and that have not had it; null: the inbox shows no such message.
 */
export function releaseMessage(
  news: OfferNews,
  inboxId: number,
  chosen: readonly Addressee[],
): { readonly released: readonly string[] } | null {
  const { queries } = news;
  const message = queries.row(inboxId);
  if (message === null || message.shown === 0) return null;
  const released: string[] = [];
  for (const to of chosen) {
    const row = queries.offer(to.agent, inboxId);
    if (row === null ? !queries.isFor(to, inboxId) : row.state === "injected" || row.state === "read") continue;
    const opening = row ?? { ...newRow(message, news.now), agent: to.agent };
    const also = { released: 1, not_before: null } as const;
    if (changeOffer(news, opening, { kind: "released" }, also) === null) queries.putOffer({ ...opening, ...also });
    released.push(to.agent);
  }
  if (released.length > 0) news.waits = true;
  return { released };
}
