import { readNotice } from "../read-row.ts";
import type { ExpiryNotice } from "../store.ts";
import type { Row, Sql, StoreCore } from "./core.ts";

/** The run of messages above `afterSeq` that are all older than a time: never a hole in the log. */
const runText = `
  SELECT count(*) AS removed, coalesce(max(seq), $2) AS last_seq FROM (
    SELECT o.seq, bool_or(o.accepted_at >= $3) OVER (ORDER BY o.seq) AS younger FROM (
      SELECT m.seq, m.accepted_at FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $4) o) r
   WHERE NOT younger`;

/**
 * Of one call, about: a topic's message may be owed to thousands, and the mesh's lock is held until all of them are noted. A
 * message alone is never too much.
 */
const noticesMax = 10_000;

/** The part of the run up to $3 that leaves no more than $4 notices, counting every cursor that is behind the run. */
const shareText = `
  WITH due AS MATERIALIZED (
    SELECT m.seq, CASE WHEN m.destination LIKE 'topic:%' THEN substr(m.destination, 7)::uuid END AS topic_id
      FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3
  ), behind AS MATERIALIZED (
    SELECT d.topic_id, count(*) AS members FROM (SELECT DISTINCT topic_id FROM due WHERE topic_id IS NOT NULL) d
      JOIN mesh.subscription s ON s.mesh_id = $1 AND s.topic_id = d.topic_id
      JOIN mesh.cursor c ON c.mesh_id = $1 AND c.member_id = s.member_id AND c.destination = 'topic:' || d.topic_id
     WHERE c.seq < $3 GROUP BY d.topic_id
  )
  SELECT count(*) AS removed, coalesce(max(seq), $2) AS last_seq FROM (
    SELECT d.seq, sum(1 + coalesce(b.members, 1)) OVER (ORDER BY d.seq) AS notices, row_number() OVER (ORDER BY d.seq) AS place
      FROM due d LEFT JOIN behind b ON b.topic_id = d.topic_id) n
   WHERE n.notices <= $4 OR n.place = 1`;

/**
 * Removes messages accepted before a time, oldest first, and fewer than asked for where many are owed. Who was still owed one, and who sent it, is noted in the same
 * transaction. It holds the mesh's lock, so it asks beforehand whether there is anything to do.
 */
export async function expireMessages(
  core: StoreCore,
  meshId: string,
  acceptedBefore: number,
  options: { afterSeq: number; limit: number; dryRun: boolean; now: number },
): Promise<{ removed: number; notices: ExpiryNotice[]; lastSeq: number }> {
  const { afterSeq, limit, dryRun } = options;
  const due = await runOf(core, meshId, afterSeq, acceptedBefore, limit);
  if (due.removed === 0) return { ...due, notices: [] };
  if (dryRun)
    return { ...due, notices: readNotices(await core.rows(owedNoticesText(""), [meshId, afterSeq, due.lastSeq])) };
  return core.locked(meshId, async (tx) => {
    // Again under the lock: another broker may have removed some of them, and told of them.
    const run = await runOf(tx, meshId, afterSeq, acceptedBefore, limit);
    const notices = await tx.rows(keepNoticesText, [meshId, afterSeq, run.lastSeq, options.now]);
    await tx.rows(removeText, [meshId, afterSeq, run.lastSeq]);
    return { ...run, notices: readNotices(notices) };
  });
}

async function runOf(
  sql: Sql,
  meshId: string,
  afterSeq: number,
  acceptedBefore: number,
  limit: number,
): Promise<{ removed: number; lastSeq: number }> {
  const [run] = await sql.rows(runText, [meshId, afterSeq, acceptedBefore, limit]);
  if (Number(run?.["removed"]) === 0) return { removed: 0, lastSeq: afterSeq };
  const [share] = await sql.rows(shareText, [meshId, afterSeq, run?.["last_seq"], noticesMax]);
  return { removed: Number(share?.["removed"]), lastSeq: Number(share?.["last_seq"]) };
}

/**
 * The notices that the messages in ($2, $3] of the mesh $1 leave, a message's gaps before what its sender is told.
 * Acknowledging does not take the mesh's lock: `lock` holds the cursors, so that nobody is told of a gap who has the message.
 * A topic's cursors are looked at once and not once a message.
 */
function owedNoticesText(lock: string): string {
  return `
  WITH due AS MATERIALIZED (
    SELECT m.seq, m.sender, m.destination, m.client_message_id,
        CASE WHEN m.destination LIKE 'topic:%' THEN substr(m.destination, 7)::uuid END AS topic_id
      FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3
  ), dm AS MATERIALIZED (
    SELECT d.destination, c.member_id, c.seq FROM (SELECT destination, max(seq) AS last_seq FROM due WHERE destination LIKE 'dm:%' GROUP BY destination) d
      JOIN mesh.cursor c ON c.mesh_id = $1 AND c.member_id = substr(d.destination, 4) AND c.destination = 'dm'
     WHERE c.seq < d.last_seq ORDER BY c.member_id ${lock}
  ), topic AS MATERIALIZED (
    SELECT d.topic_id, c.member_id, c.seq, s.first_seq, s.last_seq
      FROM (SELECT topic_id, max(seq) AS last_seq FROM due WHERE topic_id IS NOT NULL GROUP BY topic_id) d
      JOIN mesh.subscription s ON s.mesh_id = $1 AND s.topic_id = d.topic_id
      JOIN mesh.cursor c ON c.mesh_id = $1 AND c.member_id = s.member_id AND c.destination = 'topic:' || d.topic_id
     WHERE c.seq < d.last_seq ORDER BY c.member_id, c.destination ${lock}
  ), owed AS MATERIALIZED (
    SELECT d.seq, dm.member_id, 'dm' AS destination FROM due d JOIN dm ON dm.destination = d.destination AND dm.seq < d.seq
    UNION ALL
    SELECT d.seq, t.member_id, d.destination FROM due d JOIN topic t ON t.topic_id = d.topic_id AND t.seq < d.seq
       AND t.first_seq < d.seq AND (t.last_seq IS NULL OR t.last_seq >= d.seq) AND t.member_id <> d.sender
  ), told AS (
    SELECT o.member_id AS member, 'gap' AS kind, NULL::text AS client_message_id, o.destination, o.seq FROM owed o
    UNION ALL
    SELECT d.sender, 'expired', d.client_message_id, d.destination, d.seq FROM due d
     WHERE EXISTS (SELECT 1 FROM owed o WHERE o.seq = d.seq)
        OR EXISTS (SELECT 1 FROM mesh.delivery_queue q
                    WHERE q.mesh_id = $1 AND 'queue:' || q.queue = d.destination AND q.seq = d.seq AND q.state <> 'done')
  )
  SELECT t.member, t.kind, t.client_message_id, t.destination, t.seq AS from_seq, t.seq AS to_seq FROM told t
   ORDER BY t.seq, t.kind DESC, t.member`;
}

const keepNoticesText = `
  WITH kept AS MATERIALIZED (${owedNoticesText("FOR SHARE OF c")})
  INSERT INTO mesh.notice (mesh_id, member, kind, client_message_id, destination, from_seq, to_seq, kept_at)
  SELECT $1, k.member, k.kind, k.client_message_id, k.destination, k.from_seq, k.to_seq, $4 FROM kept k
   ORDER BY k.from_seq, k.kind DESC, k.member
  RETURNING member, kind, client_message_id, destination, from_seq, to_seq`;

const removeText = `
  WITH gone AS (
    DELETE FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq > $2 AND m.seq <= $3 RETURNING m.seq, m.client_message_id, m.destination
  ), mention AS (
    DELETE FROM mesh.mention_index i WHERE i.mesh_id = $1 AND i.seq > $2 AND i.seq <= $3
  ), lease AS (
    DELETE FROM mesh.delivery_queue q USING gone
     WHERE q.mesh_id = $1 AND q.queue = substr(gone.destination, 7) AND q.seq = gone.seq AND gone.destination LIKE 'queue:%'
  )
  UPDATE mesh.client_message_dedupe d SET history_available = false FROM gone
   WHERE d.mesh_id = $1 AND d.client_message_id = gone.client_message_id AND d.seq = gone.seq`;

function readNotices(rows: readonly Row[]): ExpiryNotice[] {
  return rows.map(readNotice);
}
