import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { PushItem, ReceiptState } from "../../protocol/frames.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import { agentQueries } from "../agents/agent-queries.ts";
import { offerQueries } from "../agents/offer-queries.ts";
import type { InboxRow } from "./row.ts";
import { positionQueries } from "../position-queries.ts";
import { undecryptableQueries } from "./undecryptable-queries.ts";

export interface InboxFilter {
  readonly since: number | null;
  readonly topic: string | null;
  readonly from: string | null;
  readonly agent: string | null;
  readonly unread: boolean;
  /** Newest first instead of in order of arrival. */
  readonly newest: boolean;
}

export interface EventRow {
  readonly id: number;
  readonly event: LocalEvent["event"];
  readonly at: number;
  readonly inbox_id: number | null;
  readonly data: string;
}

export interface ReceiptRow {
  readonly id: number;
  readonly recipient: string;
  readonly client_message_id: string;
  readonly request_fingerprint: string;
  readonly state: ReceiptState;
  readonly at: string;
}

/** One function per query of inbox.db; statements are prepared once. */
export function inboxQueries(db: DatabaseSync) {
  const insert = db.prepare(
    `INSERT INTO inbox (sender, client_message_id, epoch, seq, broker_message_id, request_fingerprint, topic, agent, from_name,
       content_type, body, meta, mentions, reply_to, supersedes, priority, algorithm, verified, shown, invalid, sent_at,
       accepted_at, received_at, via, attachments, restored)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const insertPlace = db.prepare(
    `INSERT INTO inbox (sender, epoch, seq, broker_message_id, content_type, meta, mentions, priority, algorithm, verified,
       shown, invalid, sent_at, accepted_at, received_at)
     VALUES ('', ?, ?, ?, '', '', '[]', 'next', 'none', 0, 0, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const byId = db.prepare("SELECT * FROM inbox WHERE id = ?");
  // Only what the sender has signed replaces, or is replaced by, what it has signed.
  const knownId = db.prepare("SELECT id FROM inbox WHERE sender = ? AND client_message_id = ? AND via = ''");
  const told = db.prepare(
    "SELECT received_at, injected_at, read_at FROM inbox WHERE sender = ? AND client_message_id = ? AND request_fingerprint = ? AND via = ''",
  );
  const superseding = db.prepare(
    "SELECT id FROM inbox WHERE sender = ? AND supersedes = ? AND invalid IS NULL AND via = '' LIMIT 1",
  );
  const addText = db.prepare("INSERT INTO inbox_text (rowid, text) VALUES (?, ?)");
  const addMention = db.prepare("INSERT INTO mention (member, inbox_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const addEvent = db.prepare("INSERT INTO event (event, at, inbox_id, data) VALUES (?, ?, ?, ?)");
  const eventsAfter = db.prepare("SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?");
  // Two subqueries: SQLite answers a lone min or max from the index, and both in one by reading the table.
  const eventBounds = db.prepare(
    "SELECT coalesce((SELECT min(id) FROM event), 0) AS oldest, coalesce((SELECT max(id) FROM event), 0) AS newest",
  );
  const search = db.prepare(
    `SELECT inbox.* FROM inbox_text JOIN inbox ON inbox.id = inbox_text.rowid
      WHERE inbox_text MATCH ? AND inbox.shown = 1 AND inbox_text.rowid < ? ORDER BY inbox_text.rowid DESC LIMIT ?`,
  );
  const mentions = db.prepare(
    `SELECT inbox.* FROM mention JOIN inbox ON inbox.id = mention.inbox_id
      WHERE mention.member = ? AND mention.inbox_id > ? AND inbox.shown = 1 ORDER BY mention.inbox_id LIMIT ?`,
  );
  const newestMentions = db.prepare(
    `SELECT inbox.* FROM mention JOIN inbox ON inbox.id = mention.inbox_id
      WHERE mention.member = ? AND mention.inbox_id < ? AND inbox.shown = 1 ORDER BY mention.inbox_id DESC LIMIT ?`,
  );
  const markRead = db.prepare("UPDATE inbox SET read_at = ? WHERE id = ? AND read_at IS NULL");
  const addReceipt = db.prepare(
    "INSERT INTO receipt (recipient, client_message_id, request_fingerprint, state, at) VALUES (?, ?, ?, ?, ?)",
  );
  const addReceiptAgain = db.prepare(
    `INSERT INTO receipt (recipient, client_message_id, request_fingerprint, state, at) SELECT ?1, ?2, ?3, ?4, ?5
      WHERE NOT EXISTS (SELECT 1 FROM receipt r WHERE r.recipient = ?1 AND r.client_message_id = ?2 AND r.state = ?4)`,
  );
  const receipts = db.prepare("SELECT * FROM receipt ORDER BY id LIMIT ?");
  const dropReceipt = db.prepare("DELETE FROM receipt WHERE id = ?");
  const fact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const setFact = db.prepare(
    "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const restoredRow = db.prepare(
    "SELECT id, restored, received_at, injected_at, read_at, shown FROM inbox WHERE sender = ? AND client_message_id = ? AND via = ? AND restored <> 0",
  );
  const putBack = db.prepare(
    `UPDATE inbox SET request_fingerprint = ?, topic = ?, agent = ?, from_name = ?, content_type = ?, body = ?, meta = ?,
       mentions = ?, reply_to = ?, supersedes = ?, priority = ?, algorithm = ?, verified = ?, shown = ?, sent_at = ?,
       accepted_at = ?, attachments = ?, restored = ? WHERE id = ?`,
  );
  const markRestored = db.prepare("UPDATE inbox SET restored = ? WHERE id = ?");
  const oldBodies = db.prepare("SELECT id FROM inbox WHERE received_at < ? AND body IS NOT NULL LIMIT ?");
  const forgetBody = db.prepare(
    "UPDATE inbox SET body = NULL, shown = 0, meta = '', mentions = '[]', attachments = '' WHERE id = ?",
  );
  const forgetText = db.prepare("DELETE FROM inbox_text WHERE rowid = ?");
  const forgetMentions = db.prepare("DELETE FROM mention WHERE inbox_id = ?");
  const forgetKeys = db.prepare("DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE received_at < ? LIMIT ?)");
  // Ids and times grow together: only the oldest are looked at.
  const forgetEvents = db.prepare(
    "DELETE FROM event WHERE id IN (SELECT id FROM (SELECT id, at FROM event ORDER BY id LIMIT ?) WHERE at < ? OR id <= ?)",
  );

  const offers = offerQueries(db);
  const rows = (found: unknown) => found as InboxRow[];
  return {
    /** The new row's id, or null for a duplicate. */
    insert(row: Omit<InboxRow, "id" | "injected_at" | "read_at">): number | null {
      const { changes, lastInsertRowid } = insert.run(
        row.sender,
        row.client_message_id,
        row.epoch,
        row.seq,
        row.broker_message_id,
        row.request_fingerprint,
        row.topic,
        row.agent,
        row.from_name,
        row.content_type,
        row.body,
        row.meta,
        row.mentions,
        row.reply_to,
        row.supersedes,
        row.priority,
        row.algorithm,
        row.verified,
        row.shown,
        row.invalid,
        row.sent_at,
        row.accepted_at,
        row.received_at,
        row.via,
        row.attachments,
        row.restored,
      );
      return Number(changes) === 0 ? null : Number(lastInsertRowid);
    },
    /** A place of the log whose message did not come; it hides no message. False when it was told before. */
    insertPlace: ({ epoch, seq, broker_message_id, stub_reason, accepted_at }: PushItem, now: number): boolean =>
      Number(
        insertPlace.run(epoch, seq, broker_message_id, stub_reason ?? "not pushed", accepted_at, accepted_at, now)
          .changes,
      ) === 1,
    /** A row that an inbox which was made anew has, or is to have, from the broker's history. */
    restoredRow: (sender: string, clientMessageId: string, via: string) =>
      (restoredRow.get(sender, clientMessageId, via) ?? null) as Pick<
        InboxRow,
        "id" | "restored" | "received_at" | "injected_at" | "read_at" | "shown"
      > | null,
    /** Gives a row its content back; its place, and when it was received and read, stay. */
    putBack: (id: number, row: Omit<InboxRow, "id" | "injected_at" | "read_at">) =>
      putBack.run(
        row.request_fingerprint,
        row.topic,
        row.agent,
        row.from_name,
        row.content_type,
        row.body,
        row.meta,
        row.mentions,
        row.reply_to,
        row.supersedes,
        row.priority,
        row.algorithm,
        row.verified,
        row.shown,
        row.sent_at,
        row.accepted_at,
        row.attachments,
        row.restored,
        id,
      ),
    markRestored: (id: number, restored: InboxRow["restored"]) => markRestored.run(restored, id),
    row: (id: number) => (byId.get(id) as InboxRow | undefined) ?? null,
    /** Came and was proven: then it, or what replaced it, was shown, if only long ago. */
    isKnown: (sender: string, clientMessageId: string) => knownId.get(sender, clientMessageId) !== undefined,
    /** What of a message that came was told to its sender: when it was stored and, if so, read. */
    told: (sender: string, clientMessageId: string, fingerprint: string) =>
      (told.get(sender, clientMessageId, fingerprint) ?? null) as {
        received_at: number;
        injected_at: number | null;
        read_at: number | null;
      } | null,
    isSuperseded: (sender: string, clientMessageId: string) => superseding.get(sender, clientMessageId) !== undefined,
    addText: (id: number, text: string) => addText.run(id, text),
    addMention: (member: string, id: number) => addMention.run(member, id),
    addEvent: (event: string, at: number, inboxId: number | null, data: string) =>
      Number(addEvent.run(event, at, inboxId, data).lastInsertRowid),
    eventsAfter: (id: number, limit: number) => eventsAfter.all(id, limit) as unknown as EventRow[],
    eventBounds(): { oldest: number; newest: number } {
      const found = eventBounds.get();
      return { oldest: Number(found?.["oldest"]), newest: Number(found?.["newest"]) };
    },
    search: (query: string, before: number, limit: number) => rows(search.all(query, before, limit)),
    mentions: (member: string, after: number, limit: number) => rows(mentions.all(member, after, limit)),
    newestMentions: (member: string, before: number, limit: number) => rows(newestMentions.all(member, before, limit)),
    /** False when it was read before. */
    markRead: (id: number, now: number) => Number(markRead.run(now, id).changes) === 1,
    addReceipt: (to: string, id: string, fingerprint: string, state: ReceiptState, at: string) =>
      addReceipt.run(to, id, fingerprint, state, at),
    /** Nothing, if the very receipt still waits to be told. */
    addReceiptAgain: (to: string, id: string, fingerprint: string, state: ReceiptState, at: string) =>
      addReceiptAgain.run(to, id, fingerprint, state, at),
    receipts: (limit: number) => receipts.all(limit) as unknown as ReceiptRow[],
    dropReceipt: (id: number) => dropReceipt.run(id),
    fact: (name: string) => (fact.get(name)?.["value"] ?? null) as string | null,
    setFact: (name: string, value: string) => setFact.run(name, value),
    ...positionQueries(db),
    ...undecryptableQueries(db),
    ...agentQueries(db),
    ...offers,
    forgetBodies(before: number, limit: number): number {
      const old = oldBodies.all(before, limit);
      for (const { id } of old) {
        forgetBody.run(id as number);
        forgetText.run(id as number);
        forgetMentions.run(id as number);
        offers.forgetOffersOf(id as number);
      }
      return old.length;
    },
    forgetKeys: (before: number, limit: number) => Number(forgetKeys.run(before, limit).changes),
    forgetEvents: (before: number, belowId: number, limit: number) =>
      Number(forgetEvents.run(limit, before, belowId).changes),
    /** `from`: where the page before ended; null for the first. */
    page(filter: InboxFilter, from: number | null, limit: number): InboxRow[] {
      const conditions = ["id > ?", "id < ?", "shown = 1"];
      const values: SQLInputValue[] = filter.newest
        ? [filter.since ?? 0, from ?? Number.MAX_SAFE_INTEGER]
        : [Math.max(from ?? 0, filter.since ?? 0), Number.MAX_SAFE_INTEGER];
      if (filter.unread) conditions.push("read_at IS NULL");
      for (const [column, value] of [
        ["topic", filter.topic],
        ["sender", filter.from],
        ["agent", filter.agent],
      ] as const) {
        if (value === null) continue;
        // Who asks for a member's messages means those that it has signed.
        conditions.push(column === "sender" ? "sender = ? AND via = ''" : `${column} = ?`);
        values.push(value);
      }
      return rows(
        db
          .prepare(
            `SELECT * FROM inbox WHERE ${conditions.join(" AND ")} ORDER BY id ${filter.newest ? "DESC" : "ASC"} LIMIT ?`,
          )
          .all(...values, limit),
      );
    },
  };
}

export type InboxQueries = ReturnType<typeof inboxQueries>;
