import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { limits } from "../../protocol/limits.ts";
import { type OfferState, type SenderPolicy, senderPolicies, type Way } from "../../protocol/offers-api.ts";
import type { InboxRow } from "../inbox/row.ts";

/** As SQLite gives it; see migrations/daemon/inbox/0008_offers.sql. */
export interface OfferRow {
  readonly agent: string;
  readonly inbox_id: number;
  readonly state: OfferState;
  readonly way: Way;
  readonly kind: string;
  readonly session_id: string;
  readonly offer_id: string;
  readonly offers: number;
  readonly notice: 0 | 1;
  readonly released: 0 | 1;
  readonly lease_until: number | null;
  readonly not_before: number | null;
  readonly offered_at: number;
  readonly seen_at: number | null;
  readonly changed_at: number;
  readonly reason: string | null;
}

export interface PolicyRow {
  readonly agent: string;
  readonly sender: string;
  readonly policy: SenderPolicy;
  readonly until: number | null;
  readonly set_at: number;
}

/** Whose messages are looked for. */
export interface Addressee {
  readonly agent: string;
  /** Its name, and those that it had. */
  readonly names: readonly string[];
  /** Direct messages that name no agent are its too, from when on they arrived; null: they are not. */
  readonly unnamedSince: number | null;
}

/** What the settings say of senders that no line names, and of what nobody has signed. */
export interface PolicyDefaults {
  readonly policy: SenderPolicy;
  readonly unverified: SenderPolicy;
}

/** A message for an agent, what came of it so far, and what the line on its sender says: that of this agent, else that for all. */
export type Candidate = InboxRow & {
  readonly line: SenderPolicy | null;
  readonly o_released: 0 | 1 | null;
};

export interface Wanted {
  readonly now: number;
  readonly includeLow: boolean;
  /** The strictest policy under which a message comes this way. */
  readonly policyMax: SenderPolicy;
  readonly defaults: PolicyDefaults;
  /** Without what this session was offered by a channel, which nobody confirms. */
  readonly channelOf: { readonly kind: string; readonly sessionId: string } | null;
}

/** Queries of offers and of the policies for senders; one function each. */
export function offerQueries(db: DatabaseSync) {
  const columns = [
    ...["agent", "inbox_id", "state", "way", "kind", "session_id", "offer_id", "offers", "notice", "released"],
    ...["lease_until", "not_before", "offered_at", "seen_at", "changed_at", "reason"],
  ] as const;
  const put = db.prepare(
    `INSERT OR REPLACE INTO agent_offer (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  const offer = db.prepare("SELECT * FROM agent_offer WHERE agent = ? AND inbox_id = ?");
  const byOfferId = db.prepare("SELECT * FROM agent_offer WHERE offer_id = ?");
  const ofMessage = db.prepare("SELECT * FROM agent_offer WHERE inbox_id = ?");
  const ofSession = db.prepare(
    "SELECT * FROM agent_offer WHERE kind = ? AND session_id = ? AND state IN ('offered', 'held', 'injected')",
  );
  const ofAgent = db.prepare("SELECT * FROM agent_offer WHERE agent = ? AND state IN ('offered', 'held')");
  const shownAs = db.prepare(
    `SELECT o.* FROM json_each(?2) AS shown JOIN inbox i ON i.broker_message_id = shown.value
       JOIN agent_offer o ON o.inbox_id = i.id AND o.agent = ?1`,
  );
  const idsOfMessage = db.prepare("SELECT id FROM inbox WHERE broker_message_id = ? AND shown = 1");
  const nextLease = db.prepare(
    "SELECT min(lease_until) AS at FROM agent_offer WHERE state = 'offered' AND lease_until > ?",
  );
  const nextDelay = db.prepare(
    "SELECT min(not_before) AS at FROM agent_offer WHERE state = 'waiting' AND not_before > ?",
  );
  const markInjected = db.prepare("UPDATE inbox SET injected_at = ? WHERE id = ? AND injected_at IS NULL");
  const endOffers = db.prepare(
    "UPDATE agent_offer SET state = 'read', lease_until = NULL, reason = NULL, changed_at = ? WHERE inbox_id = ? AND state <> 'read'",
  );
  const forget = db.prepare("DELETE FROM agent_offer WHERE inbox_id = ?");
  const policies = db.prepare("SELECT * FROM sender_policy ORDER BY agent, set_at, sender LIMIT ?");
  const policyCount = db.prepare("SELECT count(*) AS n FROM sender_policy WHERE until IS NULL OR until > ?");
  const policyOf = db.prepare("SELECT * FROM sender_policy WHERE agent = ? AND sender = ?");
  const putPolicy = db.prepare(
    "INSERT OR REPLACE INTO sender_policy (agent, sender, policy, until, set_at) VALUES (?, ?, ?, ?, ?)",
  );
  const dropPolicy = db.prepare("DELETE FROM sender_policy WHERE agent = ? AND sender = ?");
  const forgetPolicies = db.prepare("DELETE FROM sender_policy WHERE until <= ?");
  const nextPolicyEnd = db.prepare("SELECT min(until) AS at FROM sender_policy WHERE until > ?");
  const notified = db.prepare(
    `SELECT o.* FROM agent_offer o JOIN inbox i ON i.id = o.inbox_id
      WHERE o.state = 'notified' AND i.sender = ?1 AND (?2 = '' OR o.agent = ?2)`,
  );
  const settledTopics = db.prepare(
    `SELECT t.topic, t.after_id, (SELECT i.id FROM inbox i LEFT JOIN agent_offer o ON o.agent = t.agent AND o.inbox_id = i.id
        WHERE i.topic = t.topic AND i.id > t.after_id AND i.shown = 1
          AND (o.state IS NULL OR o.state NOT IN ('injected', 'read')) ORDER BY i.id LIMIT 1) AS open,
        (SELECT max(i.id) FROM inbox i WHERE i.topic = t.topic) AS newest
       FROM agent_topic t WHERE t.agent = ?`,
  );
  const moveTopic = db.prepare(
    "UPDATE agent_topic SET after_id = ?3 WHERE agent = ?1 AND topic = ?2 AND after_id < ?3",
  );

  const offers = (found: unknown) => found as OfferRow[];
  const instant = (found: unknown) => (found as { readonly at: number | null } | undefined)?.at ?? null;

  /** Prepared once for each form that it takes: with and without the messages that name no agent. */
  const forms = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  function prepared(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = forms.get(sql) ?? db.prepare(sql);
    forms.set(sql, statement);
    return statement;
  }

  return {
    offer: (agent: string, inboxId: number) => (offer.get(agent, inboxId) as OfferRow | undefined) ?? null,
    offerById: (offerId: string) => (byOfferId.get(offerId) as OfferRow | undefined) ?? null,
    offersOfMessage: (inboxId: number) => offers(ofMessage.all(inboxId)),
    /** Without those that are at an end. */
    openOffersOfSession: (kind: string, sessionId: string) => offers(ofSession.all(kind, sessionId)),
    /** What sessions of an agent have, and have not confirmed. */
    openOffersOfAgent: (agent: string) => offers(ofAgent.all(agent)),
    /** Of the messages with those broker_message_ids, what this agent was offered. */
    offersShown: (agent: string, brokerMessageIds: readonly string[]) =>
      offers(shownAs.all(agent, JSON.stringify(brokerMessageIds))),
    idsOfMessage: (brokerMessageId: string) =>
      (idsOfMessage.all(brokerMessageId) as { readonly id: number }[]).map(({ id }) => id),
    putOffer: (row: OfferRow) => void put.run(...columns.map((column) => row[column])),
    /** A direct message is read: whatever was under way with it is over. */
    endOffersOf: (inboxId: number, now: number) => void endOffers.run(now, inboxId),
    /** False when it was handed to a session before. */
    markInjected: (inboxId: number, now: number) => Number(markInjected.run(now, inboxId).changes) === 1,
    /** Messages for an agent that a session may take now, in order of arrival. */
    candidates(to: Addressee, wanted: Wanted, limit: number): Candidate[] {
      const { sql, values } = offerable(wanted);
      return prepared(`${messagesFor()} ${sql} ORDER BY i.id LIMIT ?`).all(
        ...boundTo(to, wanted.now),
        ...values,
        limit,
      ) as unknown as Candidate[];
    },
    /** Messages for an agent that no session has had, whatever keeps them back; up to a bound. */
    countUnsettled(to: Addressee): number {
      const open = "o.state IS NULL OR o.state IN ('waiting', 'offered', 'held')";
      const counted = prepared(
        `SELECT count(*) AS n FROM (${messagesFor()} WHERE ${open} LIMIT ${limits.waitingCountMax})`,
      );
      return Number(counted.get(...boundTo(to, 0))?.["n"]);
    },
    /** How many there are, up to a bound. */
    countCandidates(to: Addressee, wanted: Wanted): number {
      const { sql, values } = offerable(wanted);
      const counted = prepared(`SELECT count(*) AS n FROM (${messagesFor()} ${sql} LIMIT ${limits.waitingCountMax})`);
      return Number(counted.get(...boundTo(to, wanted.now), ...values)?.["n"]);
    },
    /** What an agent was offered, and what waits for it, the newest first. `open`: without what it has read. */
    offerPage(
      to: Addressee,
      at: { readonly now: number; readonly before: number; readonly open: boolean; readonly limit: number },
    ): Candidate[] {
      const unread = at.open ? "AND state <> 'read'" : "";
      // No more of them than a page can show: an agent may have had thousands.
      const had = `UNION SELECT inbox_id FROM (SELECT inbox_id FROM agent_offer WHERE agent = ? AND inbox_id < ? ${unread}
          ORDER BY inbox_id DESC LIMIT ?)`;
      const sql = `${messagesFor(had)} WHERE i.id < ? AND i.shown = 1 ${at.open ? "AND (o.state IS NULL OR o.state <> 'read')" : ""}
        ORDER BY i.id DESC LIMIT ?`;
      const bound = boundTo(to, at.now, to.agent, at.before, at.limit);
      return prepared(sql).all(...bound, at.before, at.limit) as unknown as Candidate[];
    },
    /** Whether a message is for the agent, and may still be owed to it. */
    isFor(to: Addressee, inboxId: number): boolean {
      return prepared(`${messagesFor()} WHERE i.id = ?`).get(...boundTo(to, 0), inboxId) !== undefined;
    },
    nextLeaseEndOfOffers: (now: number) => instant(nextLease.get(now)),
    nextDelayEnd: (now: number) => instant(nextDelay.get(now)),
    /** With the message's body. */
    forgetOffersOf: (inboxId: number) => void forget.run(inboxId),
    /** What of its topics is settled is not looked at again. */
    passSettledTopics(agent: string): void {
      const rows = settledTopics.all(agent) as {
        topic: string;
        after_id: number;
        open: number | null;
        newest: number | null;
      }[];
      for (const { topic, after_id, open, newest } of rows) {
        const settled = open === null ? newest : open - 1;
        if (settled !== null && settled > after_id) moveTopic.run(agent, topic, settled);
      }
    },
    senderPolicies: () => policies.all(limits.senderPoliciesMax) as unknown as PolicyRow[],
    senderPolicyCount: (now: number) => Number(policyCount.get(now)?.["n"]),
    senderPolicy: (agent: string, sender: string) => (policyOf.get(agent, sender) as PolicyRow | undefined) ?? null,
    putSenderPolicy: (row: PolicyRow) => void putPolicy.run(row.agent, row.sender, row.policy, row.until, row.set_at),
    dropSenderPolicy: (agent: string, sender: string) => Number(dropPolicy.run(agent, sender).changes) === 1,
    forgetSenderPolicies: (now: number) => Number(forgetPolicies.run(now).changes),
    nextPolicyEnd: (now: number) => instant(nextPolicyEnd.get(now)),
    /** What of a sender was only told of; agent "": to every agent. */
    notifiedOf: (sender: string, agent: string) => offers(notified.all(sender, agent)),
  };
}

/**
 * Direct messages that nobody has read, and that no session has had, whichever agent was the default then or has been forgotten since; and those of the agent's topics, which every agent reads for itself. Each part has an index of
 * its own, so that what was read long ago costs nothing.
 */
function messagesFor(others = ""): string {
  const direct = "topic IS NULL AND read_at IS NULL AND injected_at IS NULL AND shown = 1";
  return `SELECT i.*, o.released AS o_released, coalesce(own.policy, every.policy) AS line
    FROM (SELECT id FROM inbox WHERE agent IN (SELECT value FROM json_each(?)) AND ${direct}
      UNION ALL SELECT id FROM inbox WHERE ? AND agent IS NULL AND received_at >= ? AND ${direct}
      UNION ALL SELECT m.id FROM agent_topic t JOIN inbox m ON m.topic = t.topic AND m.id > t.after_id
        WHERE t.agent = ? AND m.shown = 1 ${others}) AS mine
    JOIN inbox i ON i.id = mine.id
    LEFT JOIN agent_offer o ON o.agent = ? AND o.inbox_id = i.id
    LEFT JOIN sender_policy own ON own.agent = ? AND own.sender = i.sender AND (own.until IS NULL OR own.until > ?)
    LEFT JOIN sender_policy every ON every.agent = '' AND every.sender = i.sender AND (every.until IS NULL OR every.until > ?)`;
}

/** `others`: of what stands beside the agent's own messages. */
function boundTo({ agent, names, unnamedSince }: Addressee, now: number, ...others: SQLInputValue[]): SQLInputValue[] {
  // What can be answered without a row is asked first: others' mail is not gone through for who gets none of it.
  const unnamed = unnamedSince === null ? [0, 0] : [1, unnamedSince];
  return [JSON.stringify(names), ...unnamed, agent, ...others, agent, agent, now, now];
}

/** Free, due, and let in by the line on its sender, or the settings; the stricter one for what nobody has signed. */
function offerable({ now, includeLow, policyMax, defaults, channelOf }: Wanted): {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
} {
  const values: SQLInputValue[] = [
    // A clock that was set back makes no lease and no delay longer than they can be.
    ...[now, now + limits.offerLeaseMs, now, now + limits.offerDelayMsMax],
    ...[defaults.policy, senderPolicies.indexOf(defaults.unverified), senderPolicies.indexOf(policyMax)],
  ];
  const extra: string[] = [];
  if (!includeLow) extra.push("AND i.priority <> 'low'");
  if (channelOf !== null) {
    extra.push("AND NOT (o.way IS NOT NULL AND o.way = 'channel' AND o.kind = ? AND o.session_id = ?)");
    values.push(channelOf.kind, channelOf.sessionId);
  }
  const sql = `WHERE (o.state IS NULL OR o.state = 'waiting' OR (o.state = 'offered' AND (o.lease_until <= ? OR o.lease_until > ?)))
      AND (o.not_before IS NULL OR o.not_before <= ? OR o.not_before > ?)
      AND (o.released = 1 OR max(${strictness("coalesce(own.policy, every.policy, ?)")},
        CASE WHEN i.verified = 0 OR i.via <> '' THEN ? ELSE 0 END) <= ?)
      ${extra.join(" ")}`;
  return { sql, values };
}

/** The place of a policy among all, as the protocol lists them. */
function strictness(policy: string): string {
  return `CASE ${policy} ${senderPolicies.map((name, place) => `WHEN '${name}' THEN ${place}`).join(" ")} END`;
}
