import type { Clock } from "../../base/clock.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { OffersSettled, OfferView } from "../../protocol/offers-api.ts";
import type { InboxDatabase } from "../inbox/inbox-database.ts";
import { readMessage } from "../inbox/message-stages.ts";
import type { InboxQueries } from "../inbox/queries.ts";
import type { SessionKey } from "./agents.ts";
import type { OfferEvent } from "./next-offer.ts";
import { offerView } from "./offer-view.ts";
import type { Addressee, OfferRow, PolicyDefaults } from "./offer-queries.ts";
import { changeOffer, type OfferNews } from "./offer-row.ts";
import type { OfferedTo } from "./offered-to.ts";
import type { Offers } from "./offers.ts";
import { releaseMessage } from "./release-message.ts";
import { policyView, setPolicy } from "./sender-policies.ts";
import { type Frame, takeOffers, wantedBy } from "./take-offers.ts";

export interface OffersOptions {
  readonly database: InboxDatabase;
  readonly agents: OfferedTo;
  readonly memberName: () => string;
  readonly nameOf: (memberId: string) => string | null;
  /** Of the settings, as they are now. */
  readonly defaults: () => PolicyDefaults;
  readonly frame: Frame;
  readonly clock: Clock;
  readonly count: (way: OfferRow["way"], outcome: string) => void;
}

/** See {@link Offers}. All that a call changes is one commit, with the receipts that follow from it. */
export function createOffers(options: OffersOptions): Offers {
  const { database, agents, clock } = options;
  const listeners = new Set<() => void>();

  /** Runs in the inbox's next commit; what follows from it for others happens after that. */
  async function commit<T>(work: (news: OfferNews) => T): Promise<T> {
    let news: OfferNews | null = null;
    const result = await database.write((_db, queries) => {
      const made = { queries, now: clock.now(), leftReceipt: false, waits: false, counted: [] };
      news = made;
      return work(made);
    });
    tell(news);
    return result;
  }

  function tell(news: OfferNews | null): void {
    if (news === null) return;
    for (const { way, outcome } of news.counted) options.count(way, outcome);
    if (news.leftReceipt) database.receiptLeft();
    if (news.waits) for (const listener of listeners) listener();
  }

  /** Each offer that is still this session's is changed; the others are told as lost. */
  const settle = (
    session: SessionKey,
    offerIds: readonly string[],
    event: (offerId: string, row: OfferRow) => OfferEvent,
    also: Parameters<typeof changeOffer>[3] = {},
  ): Promise<OffersSettled> =>
    commit((news) => {
      const changed: string[] = [];
      for (const offerId of new Set(offerIds)) {
        const row = news.queries.offerById(offerId);
        if (row === null || !isOf(row, session)) continue;
        // Said twice, as after a lost answer, it is as true as it was.
        if (changeOffer(news, row, event(offerId, row), also) !== null || isConfirmed(row, event(offerId, row)))
          changed.push(offerId);
      }
      return { changed, lost: offerIds.filter((offerId) => !changed.includes(offerId)) };
    });

  /**
   * What named no agent goes into sessions of the default one, if it came since there is such an agent: what lay unread before is not
   * poured into its first session. Whoever asks for mail sees that too, and where nobody is the default, everybody who asks.
   */
  function addressee(agent: string, asks = false): Addressee {
    const chosen = agents.default();
    const created = database.read((_db, queries) => queries.agent(agent)?.created_at ?? 0);
    const unnamedSince = chosen === agent ? (asks ? 0 : created) : chosen === null && asks ? 0 : null;
    return { agent, names: agents.namesOf(agent), unnamedSince };
  }

  function named(written: string): Addressee {
    const agent = agents.nameOf(written);
    if (agent === null)
      throw new ClaudemeshError("unknown_agent", `there is no agent ${written}`, { hint: "claudemesh agent list" });
    return addressee(agent);
  }

  return {
    take(session, request) {
      const agent = agents.session(session)?.agent;
      if (agent === undefined)
        return Promise.reject(
          new ClaudemeshError("unknown_agent", "no such session is there, or its lease has ended", {
            hint: "tell of the session again, then take",
          }),
        );
      const context = {
        frame: options.frame,
        memberName: options.memberName(),
        defaults: options.defaults(),
      };
      const to = addressee(agent, request.way === "mcp");
      return commit((news) => takeOffers(news, to, session, request, context));
    },
    confirm: (session, offerIds, { read }) =>
      settle(session, offerIds, (offerId, { way }) => ({
        kind: "confirmed",
        offerId,
        read: read || way === "mcp" || way === "command",
      })),
    giveBack: (session, offerIds, { reason, delayMs, unseen = false }) =>
      settle(session, offerIds, (offerId) => ({ kind: "gave_back", offerId, reason, unseen }), {
        not_before: delayMs === 0 ? null : clock.now() + delayMs,
      }),
    extend: (session, offerIds) =>
      settle(session, offerIds, (offerId) => ({
        kind: "extended",
        offerId,
        leaseUntil: clock.now() + limits.offerLeaseMs,
      })),
    told: (offerId, outcome, reason) =>
      commit((news) => {
        const row = news.queries.offerById(offerId);
        if (row !== null) changeOffer(news, row, toldEvent(offerId, outcome, reason));
      }),
    heard: (session, { at, status }) => {
      const rows = (queries: InboxQueries) =>
        queries.openOffersOfSession(session.kind, session.sessionId).filter((row) => goneOn(row, at, status));
      // Most of the time there is nothing to be said, and nothing to be written.
      if (database.read((_db, queries) => rows(queries)).length === 0) return Promise.resolve();
      return commit((news) => {
        for (const row of rows(news.queries)) changeOffer(news, row, { kind: "read" });
      });
    },
    answered: (brokerMessageId, agent) =>
      commit((news) => {
        for (const id of news.queries.idsOfMessage(brokerMessageId)) noteAnswered(news, id, agent);
      }),
    reconsider(agent) {
      const rows = (queries: InboxQueries) =>
        queries
          .openOffersOfAgent(agent)
          .filter(({ kind, session_id }) => agents.session({ kind, sessionId: session_id }) === null);
      if (database.read((_db, queries) => rows(queries)).length === 0) return Promise.resolve();
      return commit((news) => {
        for (const row of rows(news.queries)) changeOffer(news, row, { kind: "session_ended" });
      });
    },
    waiting: (agent) =>
      database.read((_db, queries) =>
        queries.countCandidates(
          addressee(agent),
          wantedBy("mcp", options.defaults(), clock.now(), { includeLow: true, session: null }),
        ),
      ),
    ofAgent(written, { cursor, limit, open }) {
      const to = named(written);
      const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor);
      if (!Number.isSafeInteger(before) || before < 0)
        throw new ClaudemeshError("invalid_field", "cursor is not one of this list");
      return database.read((_db, queries) => {
        const found = queries.offerPage(to, { now: clock.now(), before, open, limit });
        const items: OfferView[] = found.map((candidate) =>
          offerView(candidate, queries.offer(to.agent, candidate.id), {
            memberName: options.memberName(),
            defaults: options.defaults(),
          }),
        );
        return { items, next_cursor: found.length < limit ? null : String(found.at(-1)?.id) };
      });
    },
    releaseMessage(inboxId, agent) {
      const chosen = agent === null ? agents.names().map((name) => addressee(name)) : [named(agent)];
      return commit((news) => releaseMessage(news, inboxId, chosen));
    },
    policies() {
      const { policy, unverified } = options.defaults();
      const rows = database.read((_db, queries) => queries.senderPolicies());
      const held = rows.filter(({ until }) => until === null || until > clock.now());
      return { items: held.map((row) => policyView(row, options.nameOf)), default: policy, unverified };
    },
    async setPolicy(change) {
      const agent = change.agent === null ? null : named(change.agent).agent;
      const row = await commit((news) => setPolicy(news, { ...change, agent }));
      return policyView(row, options.nameOf);
    },
    dropPolicy: (sender, agent) =>
      commit((news) => {
        news.waits = true;
        return news.queries.dropSenderPolicy(agent === null ? "" : named(agent).agent, sender);
      }),
    nextChangeAt(now) {
      return database.read((_db, queries) => {
        const times = [queries.nextLeaseEndOfOffers(now), queries.nextDelayEnd(now), queries.nextPolicyEnd(now)];
        const known = times.filter((time) => time !== null);
        return known.length === 0 ? null : Math.min(...known);
      });
    },
    onWaiting(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function isOf(row: OfferRow, { kind, sessionId }: SessionKey): boolean {
  return row.kind === kind && row.session_id === sessionId;
}

function noteAnswered(news: OfferNews, inboxId: number, agent: string | null): void {
  const message = news.queries.row(inboxId);
  if (message === null) return;
  if (readMessage(news.queries, message, news.now)) news.leftReceipt = true;
  for (const row of news.queries.offersOfMessage(inboxId))
    if (message.topic === null || row.agent === agent) changeOffer(news, row, { kind: "read" });
}

function isConfirmed({ state }: OfferRow, event: OfferEvent): boolean {
  return event.kind === "confirmed" && (state === "injected" || state === "read" || state === "notified");
}

/**
 * Whether the session has gone on with what was put in: a hook's text was in its context before it did what is told of now; what it
 * has shown itself was, by the end of that turn.
 */
function goneOn(row: OfferRow, at: number, status: "busy" | "idle" | null): boolean {
  if (row.state !== "injected") return false;
  if (row.way === "hook") return row.changed_at < at;
  return row.seen_at !== null && row.seen_at < at && status === "idle";
}

function toldEvent(offerId: string, outcome: Parameters<Offers["told"]>[1], reason: string | null): OfferEvent {
  switch (outcome) {
    case "injected":
      return { kind: "confirmed", offerId, read: false };
    case "held":
      return { kind: "held", offerId, reason: reason ?? "the session's user decides" };
    case "denied":
      return { kind: "denied", offerId, reason: reason ?? "the session's user has refused it" };
    case "expired":
      return { kind: "gave_back", offerId, reason: reason ?? "the session let it go unread" };
    case "lost":
      return { kind: "gave_back", offerId, reason: reason ?? "the session did not answer" };
  }
}
