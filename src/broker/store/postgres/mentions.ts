import type { LogMessage } from "../store.ts";
import { bigintArray, encodeArray, textArray } from "./binary-array.ts";
import type { Sql, StoreCore } from "./core.ts";
import { messageColumns, readPlaced } from "./reading.ts";
import { readEnvelope, storedColumns } from "./stored-envelope.ts";

/** Envelopes read at once. The server could not take them apart: its JSON functions refuse U+0000, which meta may hold. */
const envelopesMax = 100;

const mentionsText = `
  SELECT ${messageColumns} FROM mesh.mention_index i
    JOIN mesh.message_queue m ON m.mesh_id = i.mesh_id AND m.seq = i.seq
   WHERE i.mesh_id = $1 AND i.member = $2 AND i.seq < $3 AND (
      m.destination = 'dm:' || $2 OR (m.destination LIKE 'dm:%' AND m.sender = $2)
      OR EXISTS (SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = $2
           AND s.topic_id = CASE WHEN m.destination LIKE 'topic:%' THEN substr(m.destination, 7)::uuid END
           AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq)))
   ORDER BY i.seq DESC LIMIT $4`;

/** Newest first below `beforeSeq`: what mentions the member, of what it may see. */
export async function mentions(
  core: StoreCore,
  meshId: string,
  memberId: string,
  page: { beforeSeq: number | null; limit: number },
): Promise<LogMessage[]> {
  const before = page.beforeSeq ?? Number.MAX_SAFE_INTEGER;
  return readPlaced(core, meshId, await core.rows(mentionsText, [meshId, memberId, before, page.limit]));
}

export interface Mention {
  readonly member: string;
  readonly seq: number;
  /** Of the message; undefined where there is none. */
  readonly clientMessageId: string | null | undefined;
}

/**
 * The index against the envelopes, for seq in (after, to]: what an envelope says and the index does not, and the reverse.
 * `superfluous` has also what belongs to no message.
 */
export async function compareMentions(
  tx: Sql,
  meshId: string,
  afterSeq: number,
  to: number,
): Promise<{ missing: readonly Mention[]; superfluous: readonly Mention[] }> {
  const missing: Mention[] = [];
  const superfluous: Mention[] = [];
  const said = new Map<string, Mention>();
  for (let after: number | null = afterSeq; after !== null; ) {
    const rows = await tx.rows(
      `SELECT m.seq, ${storedColumns} FROM mesh.message_queue m
        WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3 AND m.envelope LIKE '%"mentions":[%'
        ORDER BY m.seq LIMIT ${envelopesMax}`,
      [meshId, after, to],
    );
    for (const row of rows) {
      const seq = Number(row["seq"]);
      const clientMessageId = textOrNull(row["client_message_id"]);
      for (const member of readEnvelope(meshId, row).mentions)
        said.set(`${seq} ${member}`, { member, seq, clientMessageId });
    }
    after = rows.length < envelopesMax ? null : Number(rows.at(-1)?.["seq"]);
  }
  const indexed = await tx.rows(
    `SELECT i.member, i.seq, m.seq AS message, m.client_message_id FROM mesh.mention_index i
       LEFT JOIN mesh.message_queue m ON m.mesh_id = i.mesh_id AND m.seq = i.seq
      WHERE i.mesh_id = $1 AND i.seq > $2 AND i.seq <= $3 ORDER BY i.seq, i.member`,
    [meshId, afterSeq, to],
  );
  for (const row of indexed) {
    const [member, seq] = [String(row["member"]), Number(row["seq"])];
    if (said.delete(`${seq} ${member}`)) continue;
    const clientMessageId = row["message"] === null ? undefined : textOrNull(row["client_message_id"]);
    superfluous.push({ member, seq, clientMessageId });
  }
  missing.push(...said.values());
  return { missing, superfluous };
}

/**
 * Under the mesh's lock, which retention takes too: a message that goes takes its mentions with it, and none is put back
 * behind it. A dry run holds nobody up.
 */
export function repairMentions(
  core: StoreCore,
  meshId: string,
  afterSeq: number,
  { limit, dryRun }: { limit: number; dryRun: boolean },
): Promise<{ added: number; removed: number; next: number | null }> {
  const compare = async (tx: Sql, head: number) => {
    const to = afterSeq + limit;
    const next = to < head ? to : null;
    return { next, ...(await compareMentions(tx, meshId, afterSeq, next ?? Number.MAX_SAFE_INTEGER)) };
  };
  if (dryRun)
    return core.snapshot(async (tx) => {
      const [row] = await tx.rows("SELECT seq FROM mesh.mesh_head WHERE mesh_id = $1", [meshId]);
      const { missing, superfluous, next } = await compare(tx, Number(row?.["seq"] ?? 0));
      return { added: missing.length, removed: superfluous.length, next };
    });
  return core.locked(meshId, async (tx, head) => {
    const { missing, superfluous, next } = await compare(tx, head.seq);
    if (superfluous.length > 0)
      await tx.rows(
        `DELETE FROM mesh.mention_index i USING unnest($2::text[], $3::bigint[]) AS gone (member, seq)
          WHERE i.mesh_id = $1 AND i.member = gone.member AND i.seq = gone.seq`,
        [meshId, ...columnsOf(superfluous)],
      );
    if (missing.length > 0)
      await tx.rows(
        `INSERT INTO mesh.mention_index (mesh_id, member, seq)
         SELECT $1, said.member, said.seq FROM unnest($2::text[], $3::bigint[]) AS said (member, seq)`,
        [meshId, ...columnsOf(missing)],
      );
    return { added: missing.length, removed: superfluous.length, next };
  });
}

function columnsOf(mentions: readonly Mention[]): Buffer[] {
  return [
    encodeArray(
      textArray,
      mentions.map(({ member }) => member),
    ),
    encodeArray(
      bigintArray,
      mentions.map(({ seq }) => seq),
    ),
  ];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
