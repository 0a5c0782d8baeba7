import type { DatabaseSync } from "node:sqlite";

/** A row of pre_send_refusal. */
export interface RefusalRow {
  readonly client_message_id: string;
  readonly request_fingerprint: Uint8Array;
  readonly fingerprint_version: number;
  readonly reason: string;
  readonly refused_at: number;
}

/** One function per query of what pre-send refused. */
export function refusalQueries(db: DatabaseSync) {
  const byId = db.prepare(
    "SELECT client_message_id, request_fingerprint, fingerprint_version, reason, refused_at FROM pre_send_refusal WHERE client_message_id = ?",
  );
  const keep = db.prepare(
    `INSERT INTO pre_send_refusal (client_message_id, request_fingerprint, fingerprint_version, reason, refused_at)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (client_message_id) DO UPDATE SET request_fingerprint = excluded.request_fingerprint,
         fingerprint_version = excluded.fingerprint_version, reason = excluded.reason, refused_at = excluded.refused_at`,
  );
  const forgetOldest = db.prepare(
    `DELETE FROM pre_send_refusal WHERE client_message_id IN (
       SELECT client_message_id FROM pre_send_refusal ORDER BY refused_at DESC, client_message_id DESC LIMIT -1 OFFSET ?)`,
  );
  return {
    refusal: (clientMessageId: string) => (byId.get(clientMessageId) as unknown as RefusalRow | undefined) ?? null,
    keepRefusal: (row: RefusalRow) =>
      keep.run(row.client_message_id, row.request_fingerprint, row.fingerprint_version, row.reason, row.refused_at),
    /** All but the newest. */
    forgetRefusals: (keepMax: number) => Number(forgetOldest.run(keepMax).changes),
  };
}
