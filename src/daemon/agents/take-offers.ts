import { randomUUID } from "node:crypto";
import { limits } from "../../protocol/limits.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import type { Taken, TakeRequest, Way } from "../../protocol/offers-api.ts";
import { type InboxRow, inboxItem } from "../inbox/row.ts";
import type { SessionKey } from "./agents.ts";
import type { Addressee, Candidate, OfferRow, PolicyDefaults, Wanted } from "./offer-queries.ts";
import { changeOffer, type OfferNews } from "./offer-row.ts";
import { shownIds } from "./shown-ids.ts";

/** As many of the entries as fit, framed, and how many those are: at least one. */
export type Frame = (
  entries: readonly { readonly item: InboxItem; readonly repeat: number; readonly notice: boolean }[],
  framing: { readonly to: string; readonly charsMax: number; readonly waiting: number },
) => { readonly text: string; readonly count: number };

export interface TakeContext {
  readonly frame: Frame;
  readonly memberName: string;
  readonly defaults: PolicyDefaults;
}

/**
 * Gives a session what waits for its agent, in order of arrival, as far as it fits. All of it in one commit: two sessions of an agent
 * that ask at the same moment never get the same message.
 */
export function takeOffers(
  news: OfferNews,
  to: Addressee,
  session: SessionKey,
  request: TakeRequest,
  { frame, memberName, defaults }: TakeContext,
): Taken {
  const { queries, now } = news;
  if (request.prompt !== undefined) noteShown(news, to.agent, request.prompt);
  queries.passSettledTopics(to.agent);
  const wanted = wantedBy(request.way, defaults, now, { includeLow: request.include_low ?? false, session });
  const limit = Math.min(request.limit ?? limits.offersOfTakeMax, limits.offersOfTakeMax);
  const found = queries.candidates(to, wanted, limit);
  if (found.length === 0) return { offers: [], text: "", more: 0 };
  const entries = found.map((candidate) => ({
    item: inboxItem(candidate, memberName),
    ...openingOf(candidate, queries.offer(to.agent, candidate.id), defaults, now),
  }));
  const waiting = found.length < limit ? 0 : queries.countCandidates(to, wanted) - found.length;
  const { text, count } = frame(
    entries.map(({ item, row, notice }) => ({ item, notice, repeat: row.offers + 1 })),
    {
      to: `@${memberName}/${to.agent}`,
      charsMax: request.chars_max,
      // What is put in one by one comes by itself.
      waiting: request.limit === 1 ? 0 : waiting,
    },
  );
  const leaseUntil = now + limits.offerLeaseMs;
  const offers = entries.slice(0, count).flatMap(({ item, row, notice }) => {
    const offerId = randomUUID();
    const by = { ...row, agent: to.agent, kind: session.kind, session_id: session.sessionId, offered_at: now };
    const taken = changeOffer(news, by, { kind: "taken", way: request.way, offerId, notice, leaseUntil });
    if (taken === null) return [];
    news.counted.push({ way: request.way, outcome: "offered" });
    const { inbox_id, priority } = item;
    return [{ offer_id: offerId, inbox_id, priority, repeat: taken.offers, notice }];
  });
  return { offers, text, more: waiting + entries.length - count };
}

/** What comes by a way: who asks for its mail sees what is only not to be pushed. */
export function wantedBy(
  way: Way,
  defaults: PolicyDefaults,
  now: number,
  choice: { readonly includeLow: boolean; readonly session: SessionKey | null },
): Wanted {
  return {
    now,
    defaults,
    includeLow: choice.includeLow,
    policyMax: way === "mcp" ? "mute" : "ask",
    channelOf: way === "channel" ? choice.session : null,
  };
}

/** The row that an offer begins from, and whether it brings a notice alone. */
function openingOf(
  candidate: Candidate,
  row: OfferRow | null,
  defaults: PolicyDefaults,
  now: number,
): { readonly row: OfferRow; readonly notice: boolean } {
  const asks = [
    candidate.line ?? defaults.policy,
    ...(candidate.verified === 0 || candidate.via !== "" ? [defaults.unverified] : []),
  ].includes("ask");
  return { row: row ?? newRow(candidate, now), notice: asks && candidate.o_released !== 1 };
}

/** What stands of a message that was not offered yet; whoever writes it says to which agent. */
export function newRow({ id, restored }: Pick<InboxRow, "id" | "restored">, now: number): OfferRow {
  return {
    agent: "",
    inbox_id: id,
    state: "waiting",
    way: "hook",
    kind: "",
    session_id: "",
    offer_id: "",
    // Of an inbox that was made anew: nobody knows whether it was put in before.
    offers: restored === 0 ? 0 : 1,
    notice: 0,
    released: 0,
    lease_until: null,
    not_before: null,
    offered_at: now,
    seen_at: null,
    changed_at: now,
    reason: null,
  };
}

/** What the session's user has put in shows messages of ours: a socket or a channel has brought them there. */
function noteShown(news: OfferNews, agent: string, prompt: string): void {
  for (const row of news.queries.offersShown(agent, shownIds(prompt.slice(0, limits.takePromptCharsMax)))) {
    if (row.way !== "socket" && row.way !== "channel" && row.way !== "stream") continue;
    if (row.seen_at !== null || row.state === "read") continue;
    const seen = { seen_at: news.now };
    if (changeOffer(news, row, { kind: "seen" }, seen) === null) news.queries.putOffer({ ...row, ...seen });
  }
}
