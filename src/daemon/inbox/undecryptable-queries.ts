import type { DatabaseSync } from "node:sqlite";
import type { PushItem } from "../../protocol/frames.ts";

/** A message that is kept sealed, as SQLite gives it. */
export interface UndecryptableRow {
  readonly id: number;
  readonly epoch: number;
  readonly seq: number;
  readonly sender: string;
  readonly client_message_id: string;
  readonly item: string;
  readonly code: string;
  readonly reason: string;
  readonly final: 0 | 1;
  readonly since: number;
}

/** Queries of what is kept sealed; one function each, statements are prepared once. */
export function undecryptableQueries(db: DatabaseSync) {
  const insert = db.prepare(
    `INSERT INTO undecryptable (epoch, seq, sender, client_message_id, item, code, reason, final, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const say = db.prepare("UPDATE undecryptable SET code = ?, reason = ?, final = ? WHERE id = ?");
  const after = db.prepare("SELECT * FROM undecryptable WHERE id > ? ORDER BY id LIMIT ?");
  const waitingAfter = db.prepare("SELECT * FROM undecryptable WHERE id > ? AND final = 0 ORDER BY id LIMIT ?");
  const drop = db.prepare("DELETE FROM undecryptable WHERE id = ?");
  const dropMessage = db.prepare("DELETE FROM undecryptable WHERE sender = ? AND client_message_id = ?");
  const count = db.prepare("SELECT count(*) AS n FROM undecryptable");
  const oldest = db.prepare("SELECT * FROM undecryptable ORDER BY final DESC, id LIMIT 1");
  const before = db.prepare("SELECT * FROM undecryptable WHERE since < ? ORDER BY id LIMIT ?");
  const rows = (found: unknown) => found as UndecryptableRow[];
  return {
    /** False when that place of the log is kept already. */
    keepSealed: (
      item: PushItem & { readonly envelope: { readonly sender: string; readonly client_message_id: string } },
      why: { readonly code: string; readonly reason: string; readonly forGood: boolean },
      now: number,
    ): boolean =>
      Number(
        insert.run(
          item.epoch,
          item.seq,
          item.envelope.sender,
          item.envelope.client_message_id,
          JSON.stringify(item),
          why.code,
          why.reason,
          why.forGood ? 1 : 0,
          now,
        ).changes,
      ) === 1,
    sayOfSealed: (id: number, why: { readonly code: string; readonly reason: string; readonly forGood: boolean }) =>
      say.run(why.code, why.reason, why.forGood ? 1 : 0, id),
    sealedAfter: (id: number, limit: number) => rows(after.all(id, limit)),
    /** Without those that no key could still come for. */
    waitingAfter: (id: number, limit: number) => rows(waitingAfter.all(id, limit)),
    dropSealed: (id: number) => drop.run(id),
    /** Its sender sealed it again: the first one says nothing more. */
    dropSealedMessage: (sender: string, clientMessageId: string) => dropMessage.run(sender, clientMessageId),
    sealedCount: () => Number(count.get()?.["n"]),
    /** Of those that nothing can still come for, if there is one. */
    oldestSealed: () => (oldest.get() as UndecryptableRow | undefined) ?? null,
    sealedBefore: (since: number, limit: number) => rows(before.all(since, limit)),
  };
}
