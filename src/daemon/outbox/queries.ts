import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { OutboxStatus } from "../../protocol/local-api.ts";
import type { OutboxRow } from "./row.ts";
import { positionQueries } from "../position-queries.ts";
import { refusalQueries } from "./refusal-queries.ts";

/** Columns of a new row. */
export interface NewRow {
  readonly client_message_id: string;
  readonly minted: 0 | 1;
  readonly request_fingerprint: Uint8Array;
  readonly fingerprint_version: number;
  readonly to_text: string;
  readonly destination: string;
  readonly destination_kind: string;
  readonly destination_ref: string;
  readonly body: Uint8Array;
  readonly content_type: string;
  readonly priority: string;
  readonly meta: string;
  readonly mentions: string;
  readonly mentions_written: string;
  readonly reply_to: string | null;
  readonly supersedes: string | null;
  readonly supersedes_row: number | null;
  readonly enqueued_at: number;
  readonly resealed: 0 | 1;
  readonly attachments: string;
  readonly pre_send: string;
}

/** One function per query of outbox.db; statements are prepared once. */
export function outboxQueries(db: DatabaseSync) {
  const byId = db.prepare("SELECT * FROM outbox WHERE id = ?");
  const byClientId = db.prepare("SELECT * FROM outbox WHERE client_message_id = ?");
  const insert = db.prepare(
    `INSERT INTO outbox (client_message_id, minted, request_fingerprint, fingerprint_version, to_text, destination,
       destination_kind, destination_ref, body, body_bytes, content_type, priority, meta, mentions, mentions_written,
       reply_to, supersedes, supersedes_row, status, enqueued_at, resealed, attachments, pre_send)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)`,
  );
  const pendingOf = db.prepare("SELECT * FROM outbox WHERE status = 'pending' AND destination = ? ORDER BY id LIMIT ?");
  const claim = db.prepare(
    `UPDATE outbox SET status = 'inflight', envelope = ?, transmitted = 1, unanswered = min(unanswered + 1, 2),
       first_attempt_at = coalesce(first_attempt_at, ?) WHERE id = ?`,
  );
  const done = db.prepare(
    `UPDATE outbox SET status = 'done', broker_message_id = ?, history_id = ?, epoch = ?, accepted_at = ?, ended_at = ?,
       unanswered = 0, doom = NULL, last_error = NULL, untold = 1 WHERE id = ?`,
  );
  const refreeze = db.prepare("UPDATE outbox SET envelope = ? WHERE id = ?");
  const retry = db.prepare(
    "UPDATE outbox SET status = 'pending', attempts = attempts + ?, next_attempt_at = ?, last_error = ?, unanswered = ? WHERE id = ?",
  );
  const doom = db.prepare("UPDATE outbox SET status = 'pending', doom = ?, unanswered = ? WHERE id = ?");
  const dead = db.prepare(
    "UPDATE outbox SET status = 'dead', doom = NULL, last_error = ?, broker_message_id = ?, unanswered = 0, ended_at = ?, untold = 1 WHERE id = ?",
  );
  const aborted = db.prepare(
    `UPDATE outbox SET status = 'aborted', doom = NULL, aborted_at = ?, aborted_by = ?, superseded_by = ?, ended_at = ?,
       last_error = coalesce(?, last_error), untold = 1 WHERE id = ?`,
  );
  const reopen = db.prepare(
    `UPDATE outbox SET status = 'pending', broker_message_id = NULL, history_id = NULL, epoch = NULL, accepted_at = NULL,
       ended_at = NULL, next_attempt_at = 0, first_attempt_at = ? WHERE status = 'done' AND (epoch IS NULL OR epoch < ?) AND history_id > ? AND envelope IS NOT NULL`,
  );
  const resetInflight = db.prepare("UPDATE outbox SET status = 'pending' WHERE status = 'inflight'");
  const destinations = db.prepare(
    "SELECT destination, min(id) AS head FROM outbox WHERE status = 'pending' GROUP BY destination",
  );
  // Each status but done has an index of its own: grouping would read every row, and tombstones stay for ever.
  const counted = (["pending", "inflight", "dead", "aborted"] as const).map((status) => ({
    status,
    count: db.prepare(`SELECT count(*) AS n FROM outbox WHERE status = '${status}'`),
  }));
  const total = db.prepare("SELECT count(*) AS n FROM outbox");
  const oldest = db.prepare("SELECT min(enqueued_at) AS at FROM outbox WHERE status = 'pending'");
  const overAge = db.prepare(
    // The index alone tells the ages: a long queue is not read row by row every minute.
    `SELECT * FROM outbox WHERE doom IS NULL AND id IN (
       SELECT id FROM outbox INDEXED BY outbox_age
        WHERE status = 'pending' AND ((first_attempt_at IS NULL AND enqueued_at < ?) OR first_attempt_at < ?))
     ORDER BY id LIMIT ?`,
  );
  const doomed = db.prepare("SELECT * FROM outbox WHERE doom IS NOT NULL ORDER BY id LIMIT ?");
  const untold = db.prepare("SELECT * FROM outbox WHERE untold = 1 ORDER BY id LIMIT ?");
  const told = db.prepare("UPDATE outbox SET untold = 0 WHERE id = ?");
  const stage = db.prepare(
    `UPDATE outbox SET delivered_at = coalesce(delivered_at, ?), injected_at = coalesce(injected_at, ?),
       read_at = coalesce(read_at, ?), untold = 1 WHERE id = ?`,
  );
  const progress = db.prepare(
    "UPDATE outbox SET reached = max(coalesce(reached, 0), ?), reached_of = ?, delivered_at = coalesce(delivered_at, ?), untold = 1 WHERE id = ?",
  );
  // What an earlier version put on the wire as it was written. Json_extract, since a body's text could say anything.
  const doomUnsealed = db.prepare(
    `UPDATE outbox SET doom = json_object('code', 'unsealed_body', 'message',
       'an earlier version had put it on the wire unsealed; claudemesh outbox requeue ' || id || ' sends it sealed')
      WHERE status = 'pending' AND transmitted = 1 AND doom IS NULL AND json_extract(envelope, '$.algorithm') = 'none'`,
  );
  const undecryptable = db.prepare("UPDATE outbox SET superseded_by = ?, last_error = ?, untold = 1 WHERE id = ?");
  const lastError = db.prepare("UPDATE outbox SET last_error = ? WHERE id = ?");
  const shrink = db.prepare(
    `UPDATE outbox SET body = NULL, envelope = NULL, meta = '', mentions = '[]', mentions_written = '[]', attachments = ''
       WHERE id IN (SELECT id FROM outbox WHERE ended_at IS NOT NULL AND body IS NOT NULL AND ended_at < ? LIMIT ?)`,
  );
  const carrying = db.prepare(
    "SELECT attachments FROM outbox INDEXED BY outbox_files WHERE attachments <> '' AND status IN ('pending', 'inflight')",
  );
  const held = db.prepare(
    // By indexes alone as far as what was never on the wire goes: its bodies are not read.
    `SELECT json_extract(envelope, '$.version') AS version, count(*) AS n FROM outbox
      WHERE transmitted = 1 AND doom IS NULL AND envelope IS NOT NULL AND id IN (
        SELECT id FROM outbox INDEXED BY outbox_age WHERE status = 'pending' AND first_attempt_at IS NOT NULL
        UNION ALL SELECT id FROM outbox INDEXED BY outbox_inflight WHERE status = 'inflight')
      GROUP BY version ORDER BY version`,
  );
  const fact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const setFact = db.prepare(
    "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const pageCount = db.prepare("PRAGMA page_count");
  const freePages = db.prepare("PRAGMA freelist_count");
  const pageSize = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);

  const row = (statement: StatementSync, ...values: SQLInputValue[]) =>
    (statement.get(...values) as unknown as OutboxRow | undefined) ?? null;
  const rows = (statement: StatementSync, ...values: SQLInputValue[]) =>
    statement.all(...values) as unknown as OutboxRow[];
  return {
    row: (id: number) => row(byId, id),
    rowByClientId: (id: string) => row(byClientId, id),
    insert(from: NewRow): number {
      const { lastInsertRowid } = insert.run(
        from.client_message_id,
        from.minted,
        from.request_fingerprint,
        from.fingerprint_version,
        from.to_text,
        from.destination,
        from.destination_kind,
        from.destination_ref,
        from.body,
        from.body.length,
        from.content_type,
        from.priority,
        from.meta,
        from.mentions,
        from.mentions_written,
        from.reply_to,
        from.supersedes,
        from.supersedes_row,
        from.enqueued_at,
        from.resealed,
        from.attachments,
        from.pre_send,
      );
      return Number(lastInsertRowid);
    },
    pendingOf: (destination: string, limit: number) => rows(pendingOf, destination, limit),
    claim: (id: number, envelope: string, now: number) => claim.run(envelope, now, id),
    done: (id: number, to: { broker_message_id: string; history_id: number; epoch: number | null }, now: number) =>
      done.run(to.broker_message_id, to.history_id, to.epoch, now, now, id),
    refreeze: (id: number, envelope: string) => refreeze.run(envelope, id),
    retry: (
      id: number,
      to: { attempts: number; nextAttemptAt: number; lastError: string | null; unanswered: number },
    ) => retry.run(to.attempts, to.nextAttemptAt, to.lastError, to.unanswered, id),
    doom: (id: number, error: string, unanswered: number) => doom.run(error, unanswered, id),
    dead: (id: number, error: string, brokerMessageId: string | null, now: number) =>
      dead.run(error, brokerMessageId, now, id),
    aborted: (id: number, to: { by: string; supersededBy: number | null; lastError: string | null }, now: number) =>
      aborted.run(now, to.by, to.supersededBy, now, to.lastError, id),
    /** Their age counts anew: they were accepted in time, and it is the broker that lost them. */
    reopen: (epoch: number, prefix: number, now: number) => Number(reopen.run(now, epoch, prefix).changes),
    resetInflight: () => Number(resetInflight.run().changes),
    destinations: () =>
      destinations.all().map((found) => ({ destination: String(found["destination"]), head: Number(found["head"]) })),
    counts(): Record<OutboxStatus, number> {
      const found = { pending: 0, inflight: 0, done: 0, dead: 0, aborted: 0 };
      found.done = Number(total.get()?.["n"]);
      for (const { status, count } of counted) {
        found[status] = Number(count.get()?.["n"]);
        found.done -= found[status];
      }
      return found;
    },
    oldestPendingAt: () => (oldest.get()?.["at"] ?? null) as number | null,
    overAge: (neverAttemptedBefore: number, attemptedBefore: number, limit: number) =>
      rows(overAge, neverAttemptedBefore, attemptedBefore, limit),
    doomed: (limit: number) => rows(doomed, limit),
    untold: (limit: number) => rows(untold, limit),
    told: (id: number) => told.run(id),
    stage: (id: number, at: { delivered: number | null; injected: number | null; read: number | null }) =>
      stage.run(at.delivered, at.injected, at.read, id),
    progress: (id: number, reached: number, of: number, deliveredAt: number | null) =>
      progress.run(reached, of, deliveredAt, id),
    undecryptable: (id: number, supersededBy: number | null, error: string) =>
      undecryptable.run(supersededBy, error, id),
    doomUnsealed: () => Number(doomUnsealed.run().changes),
    lastError: (id: number, error: string) => lastError.run(error, id),
    /** Envelopes that are frozen and not answered for good, by version. */
    held: () => held.all().map((found) => ({ version: Number(found["version"]), rows: Number(found["n"]) })),
    carrying: () => carrying.all().map((found) => ({ attachments: String(found["attachments"]) })),
    shrink: (before: number, limit: number) => Number(shrink.run(before, limit).changes),
    ...positionQueries(db),
    ...refusalQueries(db),
    fact: (name: string) => (fact.get(name)?.["value"] ?? null) as string | null,
    setFact: (name: string, value: string) => setFact.run(name, value),
    usedBytes: () => (Number(pageCount.get()?.["page_count"]) - Number(freePages.get()?.["freelist_count"])) * pageSize,
    /** Rows of some states (null: all) above an id, ascending. */
    page(states: readonly OutboxStatus[] | null, afterId: number, limit: number): OutboxRow[] {
      // Written into the text, not bound: only then SQLite sees that a status has an index of its own.
      const of =
        states === null
          ? ""
          : `AND (${states.map((status) => `status = '${status satisfies OutboxStatus}'`).join(" OR ")})`;
      return rows(db.prepare(`SELECT * FROM outbox WHERE id > ? ${of} ORDER BY id LIMIT ?`), afterId, limit);
    },
  };
}

export type OutboxQueries = ReturnType<typeof outboxQueries>;
