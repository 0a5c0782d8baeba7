import type { DestinationKey } from "../../../protocol/frames.ts";
import type { CursorRow } from "../store.ts";
import { bigintArray, encodeArray, textArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";
import { uuidOrNone } from "./uuid.ts";

const cursorsText = `
  SELECT c.destination, c.seq, s.last_seq FROM mesh.cursor c
    LEFT JOIN LATERAL (
      SELECT b.last_seq FROM mesh.subscription b
       WHERE b.mesh_id = c.mesh_id AND b.member_id = c.member_id
         AND b.topic_id = CASE WHEN c.destination LIKE 'topic:%' THEN substr(c.destination, 7)::uuid END
       ORDER BY b.first_seq DESC LIMIT 1) s ON true
   WHERE c.mesh_id = $1 AND c.member_id = $2 AND (s.last_seq IS NULL OR s.last_seq > c.seq)
   ORDER BY c.destination`;

/** The member's destinations with its cursors; an ended subscription only while it still owes something. */
export async function cursors(core: StoreCore, meshId: string, memberId: string): Promise<CursorRow[]> {
  return (await core.rows(cursorsText, [meshId, memberId])).map((row) => ({
    destination: String(row["destination"]),
    seq: Number(row["seq"]),
    lastSeq: row["last_seq"] === null ? null : Number(row["last_seq"]),
  }));
}

/**
 * One statement and not the mesh's lock, or acknowledging would wait for accepting. The member's row is locked in share first:
 * a link epoch raised meanwhile either waits for this to commit, or is seen. Then the cursors in one order, so that two
 * acknowledgements cannot wait for each other. What is not in the log yet is not acknowledged, nor is what another life of the
 * server had there: its number may be another message's by now.
 */
const acknowledgeText = `
  WITH link AS MATERIALIZED (
    SELECT m.mesh_id FROM mesh.member m WHERE m.mesh_id = $1 AND m.member_id = $2 AND m.link_epoch = $3
       AND ($6::uuid IS NULL OR $6 = (SELECT i.incarnation FROM mesh.incarnation i WHERE i.server_started_at = pg_postmaster_start_time()))
       FOR SHARE OF m
  ), due AS MATERIALIZED (
    SELECT c.destination, least(a.seq, (SELECT h.seq FROM mesh.mesh_head h WHERE h.mesh_id = $1)) AS seq
      FROM (SELECT u.destination, max(u.seq) AS seq FROM unnest($4::text[], $5::bigint[]) AS u (destination, seq) GROUP BY u.destination) a
      JOIN mesh.cursor c ON c.mesh_id = $1 AND c.member_id = $2 AND c.destination = a.destination
     WHERE EXISTS (SELECT 1 FROM link)
     ORDER BY c.destination FOR NO KEY UPDATE OF c
  ), moved AS (
    UPDATE mesh.cursor c SET seq = due.seq FROM due
     WHERE c.mesh_id = $1 AND c.member_id = $2 AND c.destination = due.destination AND c.seq < due.seq
  )
  SELECT 1 AS yes FROM link`;

export async function acknowledge(
  core: StoreCore,
  meshId: string,
  memberId: string,
  linkEpoch: number,
  acks: readonly { destination: DestinationKey; seq: number }[],
  life?: string,
): Promise<boolean> {
  const destinations = encodeArray(
    textArray,
    acks.map(({ destination }) => destination),
  );
  const seqs = encodeArray(
    bigintArray,
    acks.map(({ seq }) => seq),
  );
  return (await core.rows(acknowledgeText, [meshId, memberId, linkEpoch, destinations, seqs, life ?? null])).length > 0;
}

// By the index of each topic, and no envelope is read: a thousand members may come back at once.
const sentText = `
  SELECT q.destination, q.seq, q.client_message_id FROM mesh.cursor c
   CROSS JOIN LATERAL (
     SELECT m.destination, m.seq, m.client_message_id, m.sender, m.accepted_at FROM mesh.message_queue m
      WHERE m.mesh_id = c.mesh_id AND m.destination = c.destination ORDER BY m.seq DESC LIMIT $4) q
   WHERE c.mesh_id = $1 AND c.member_id = $2 AND c.destination LIKE 'topic:%' AND q.sender = $2 AND q.accepted_at >= $3
     AND q.client_message_id IS NOT NULL
   ORDER BY q.seq`;

export async function sentToTopics(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { since, newestOf }: { since: number; newestOf: number },
): Promise<{ topic_id: string; seq: number; client_message_id: string }[]> {
  return (await core.rows(sentText, [meshId, memberId, since, newestOf])).map((row) => ({
    topic_id: String(row["destination"]).slice("topic:".length),
    seq: Number(row["seq"]),
    client_message_id: String(row["client_message_id"]),
  }));
}

export async function topicProgress(
  core: StoreCore,
  meshId: string,
  topicId: string,
  seq: number,
  sender: string,
): Promise<{ reached: number; of: number }> {
  const [row] = await core.rows(
    `SELECT count(*) AS total, count(*) FILTER (WHERE c.seq >= $3) AS reached FROM mesh.subscription s
       JOIN mesh.cursor c ON c.mesh_id = s.mesh_id AND c.member_id = s.member_id AND c.destination = 'topic:' || s.topic_id
      WHERE s.mesh_id = $1 AND s.topic_id = $2 AND s.last_seq IS NULL AND s.first_seq < $3 AND s.member_id <> $4`,
    [meshId, uuidOrNone(topicId), seq, sender],
  );
  return { reached: Number(row?.["reached"]), of: Number(row?.["total"]) };
}
