import type { KeyItem, WantedWrap } from "../../../protocol/membership-frames.ts";
import type { KeyChange } from "../key-store.ts";
import { readKeyChange, readKeyItem, readWantedWrap } from "../read-key-item.ts";
import { encodeArray, textArray } from "./binary-array.ts";
import type { Sql, StoreCore } from "./core.ts";

/** Whether a member m is not limited to other queues than d. */
export const mayUseQueue = `NOT EXISTS (
  SELECT 1 FROM mesh.key_member k WHERE k.mesh_id = d.mesh_id AND k.member_id = m.member_id AND k.queues IS NOT NULL
     AND NOT d.destination = ANY (k.queues))`;

/** A wrap of an epoch e that its member can open with the key that it has now, as far as that is known. */
const wrapOf = `SELECT 1 FROM mesh.epoch_wrap w LEFT JOIN mesh.key_member k ON k.mesh_id = w.mesh_id AND k.member_id = w.member_id
  WHERE w.mesh_id = $1 AND w.epoch_id = e.epoch_id AND w.sealed_to = coalesce(k.x25519, w.sealed_to)`;

/**
 * What a member may see of a mesh's keys ($1 mesh, $2 member), above a number ($3) and up to another ($4). What a topic held
 * before the member came stands under the numbers of its arrival.
 */
const itemsText = `
  WITH used AS (
    SELECT d.destination, coalesce(a.epochs, 0) AS epochs, coalesce(a.key_seq, 0) AS arrived FROM mesh.epoch_destination d
      JOIN mesh.member m ON m.mesh_id = d.mesh_id AND m.member_id = $2 AND m.status = 'active'
      LEFT JOIN mesh.epoch_arrival a ON a.mesh_id = d.mesh_id AND a.member_id = $2 AND a.destination = d.destination
     WHERE d.mesh_id = $1 AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (
       SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = $1 AND s.member_id = $2 AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
  ), item AS (
    SELECT e.key_seq, 'epoch' AS kind, e.record, NULL::text AS destination, NULL::text AS member_id, NULL::text AS epoch_id, NULL::text AS sealed_to, NULL::text AS sealed
      FROM mesh.epoch e JOIN used u ON u.destination = e.destination
     WHERE e.mesh_id = $1 AND e.key_seq > $3 AND e.ordinal > u.epochs
    UNION ALL
    SELECT u.arrived + 2 * e.ordinal, 'epoch', e.record, NULL, NULL, NULL, NULL, NULL
      FROM used u JOIN mesh.epoch e ON e.mesh_id = $1 AND e.destination = u.destination AND e.ordinal <= u.epochs
     WHERE u.arrived + 2 * u.epochs > $3
    UNION ALL
    SELECT d.key_seq, 'departed', NULL, d.destination, d.member_id, NULL, NULL, NULL
      FROM mesh.epoch_departure d JOIN used u ON u.destination = d.destination
     WHERE d.mesh_id = $1 AND d.key_seq > $3 AND d.key_seq > u.arrived
    UNION ALL
    SELECT u.arrived + 2 * d.epochs + 1, 'departed', NULL, d.destination, d.member_id, NULL, NULL, NULL
      FROM used u JOIN mesh.epoch_departure d ON d.mesh_id = $1 AND d.destination = u.destination AND d.key_seq < u.arrived
     WHERE u.arrived + 2 * u.epochs + 1 > $3 AND NOT EXISTS (
       SELECT 1 FROM mesh.epoch_departure l WHERE l.mesh_id = $1 AND l.destination = d.destination AND l.epochs = d.epochs
          AND l.key_seq > d.key_seq AND l.key_seq < u.arrived)
    UNION ALL
    SELECT w.key_seq, 'wrap', NULL, NULL, w.member_id, w.epoch_id, w.sealed_to, w.sealed
      FROM mesh.epoch_wrap w JOIN mesh.epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id JOIN used u ON u.destination = e.destination
     WHERE w.mesh_id = $1 AND w.member_id = $2 AND w.key_seq > $3
  )
  SELECT kind, key_seq, record, destination, member_id, epoch_id, sealed_to, sealed FROM item WHERE key_seq > $3 AND key_seq <= $4 ORDER BY key_seq LIMIT $5`;

/** Numbers are committed in their order, under the mesh's lock: what the second statement sees beyond the head is left for later. */
export async function keysAbove(
  core: StoreCore,
  meshId: string,
  memberId: string,
  after: number,
  limit: number,
): Promise<{ items: KeyItem[]; through: number; more: boolean }> {
  const through = await keyHead(core, meshId);
  const rows = await core.rows(itemsText, [meshId, memberId, after, through, limit + 1]);
  return { items: rows.slice(0, limit).map(readKeyItem), through, more: rows.length > limit };
}

/**
 * Who lacks which key that it is to have, of one mesh ($1). Subqueries that yield one value are run by their index for each row,
 * whatever the planner believes of the tables' sizes.
 */
export const lackedText = `
  SELECT e.epoch_id, e.destination, m.member_id FROM mesh.key_lack x
    JOIN mesh.epoch_destination d ON d.mesh_id = x.mesh_id AND d.destination = x.destination
    JOIN mesh.member m ON m.mesh_id = x.mesh_id AND m.member_id = x.member_id AND m.status = 'active'
    JOIN mesh.epoch e ON e.mesh_id = x.mesh_id AND e.destination = x.destination
    LEFT JOIN mesh.epoch_arrival a ON a.mesh_id = x.mesh_id AND a.member_id = x.member_id AND a.destination = x.destination
   WHERE x.mesh_id = $1
     AND (d.history = 'all' OR e.depth = d.depth OR (d.topic_id IS NOT NULL AND e.ordinal > coalesce(a.epochs, 0)))
     AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR (
       SELECT true FROM mesh.subscription s WHERE s.mesh_id = x.mesh_id AND s.member_id = x.member_id AND s.topic_id = d.topic_id
          AND s.last_seq IS NULL LIMIT 1))
     AND (${wrapOf} AND w.member_id = m.member_id LIMIT 1) IS NULL`;

/** Destinations with keys that a member ($2) may use. */
const usedText = `
  SELECT d.destination FROM mesh.epoch_destination d JOIN mesh.member m ON m.mesh_id = d.mesh_id AND m.member_id = $2 AND m.status = 'active'
   WHERE d.mesh_id = $1 AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (
     SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = $1 AND s.member_id = $2 AND s.topic_id = d.topic_id AND s.last_seq IS NULL))`;

export async function wantedWraps(
  core: StoreCore,
  meshId: string,
  memberId: string,
  limit: number,
): Promise<{ wanted: WantedWrap[]; more: boolean }> {
  const rows = await core.rows(
    `SELECT l.epoch_id, l.destination, l.member_id FROM (${lackedText}) l
      WHERE (SELECT true FROM mesh.epoch_wrap w WHERE w.mesh_id = $1 AND w.epoch_id = l.epoch_id AND w.member_id = $2 LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM mesh.epoch_wrap_refusal r WHERE r.mesh_id = $1 AND r.epoch_id = l.epoch_id
              AND r.member_id = l.member_id AND r.handed_in_by = $2)
        AND l.destination IN (${usedText}) LIMIT $3`,
    [meshId, memberId, limit + 1],
  );
  return { wanted: rows.slice(0, limit).map(readWantedWrap), more: rows.length > limit };
}

export async function keysLacked(core: StoreCore, meshId: string, memberId: string, limit: number): Promise<string[]> {
  const rows = await core.rows(
    `SELECT DISTINCT l.destination FROM (${lackedText}) l WHERE l.member_id = $2 ORDER BY l.destination LIMIT $3`,
    [meshId, memberId, limit],
  );
  return rows.map((row) => String(row["destination"]));
}

export async function keyHolders(
  core: StoreCore,
  meshId: string,
  destination: string,
  among: readonly string[],
  limit: number,
): Promise<string[]> {
  const users = await destinationUsers(core, meshId, destination, among);
  const rows = await core.rows(
    // Whoever has refused a wrap of the epoch is looked at by itself: not everybody that has the key helps it.
    `WITH lacked AS MATERIALIZED (
       SELECT DISTINCT l.epoch_id, CASE WHEN EXISTS (SELECT 1 FROM mesh.epoch_wrap_refusal r WHERE r.mesh_id = $1
           AND r.epoch_id = l.epoch_id AND r.member_id = l.member_id) THEN l.member_id END AS refuser
         FROM (${lackedText}) l WHERE l.destination = $2)
     SELECT u.member_id FROM unnest($3::text[]) AS u (member_id) WHERE EXISTS (
       SELECT 1 FROM lacked l JOIN mesh.epoch_wrap w ON w.mesh_id = $1 AND w.epoch_id = l.epoch_id AND w.member_id = u.member_id
        WHERE NOT EXISTS (SELECT 1 FROM mesh.epoch_wrap_refusal r WHERE r.mesh_id = $1 AND r.epoch_id = l.epoch_id
          AND r.member_id = l.refuser AND r.handed_in_by = u.member_id))
     LIMIT $4`,
    [meshId, destination, encodeArray(textArray, users), limit],
  );
  return rows.map((row) => String(row["member_id"]));
}

export async function epochsLacked(
  core: StoreCore,
  meshId: string,
  memberId: string,
  epochIds: readonly string[],
): Promise<string[]> {
  const rows = await core.rows(
    `SELECT u.epoch_id FROM unnest($3::text[]) WITH ORDINALITY AS u (epoch_id, place) WHERE NOT EXISTS (
       SELECT 1 FROM mesh.epoch e WHERE e.mesh_id = $1 AND e.epoch_id = u.epoch_id AND EXISTS (${wrapOf} AND w.member_id = $2))
     ORDER BY u.place`,
    [meshId, memberId, encodeArray(textArray, epochIds)],
  );
  return rows.map((row) => String(row["epoch_id"]));
}

export async function destinationUsers(
  core: StoreCore,
  meshId: string,
  destination: string,
  among: readonly string[],
): Promise<string[]> {
  const rows = await core.rows(
    `SELECT m.member_id FROM mesh.member m WHERE m.mesh_id = $1 AND m.status = 'active' AND m.member_id = ANY ($2::text[])
        AND (($3::text LIKE 'queue:%' AND NOT EXISTS (SELECT 1 FROM mesh.key_member k WHERE k.mesh_id = $1 AND k.member_id = m.member_id
              AND k.queues IS NOT NULL AND NOT $3::text = ANY (k.queues))) OR EXISTS (SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = $1
              AND s.member_id = m.member_id AND s.last_seq IS NULL AND $3::text = 'topic:' || s.topic_id))`,
    [meshId, encodeArray(textArray, among), destination],
  );
  return rows.map((row) => String(row["member_id"]));
}

export async function keyHead(sql: Sql, meshId: string): Promise<number> {
  const [row] = await sql.rows("SELECT key_seq FROM mesh.key_head WHERE mesh_id = $1", [meshId]);
  return Number(row?.["key_seq"] ?? 0);
}

/** Records and departures are news for everybody who may use the destination, wraps and an arrival for their member. */
const changesText = `
  SELECT destination, NULL::text AS member_id, max(lacking) AS lacking, max(key_seq) AS key_seq FROM (
    SELECT destination, 1 AS lacking, key_seq FROM mesh.epoch WHERE mesh_id = $1 AND key_seq > $2
    UNION ALL SELECT destination, 0, key_seq FROM mesh.epoch_departure WHERE mesh_id = $1 AND key_seq > $2) a GROUP BY destination
  UNION ALL
  SELECT destination, member_id, max(lacking), max(key_seq) FROM (
    SELECT destination, member_id, 1 AS lacking, key_seq FROM mesh.epoch_arrival WHERE mesh_id = $1 AND key_seq > $2
    UNION ALL SELECT e.destination, w.member_id, 0, w.key_seq FROM mesh.epoch_wrap w
      JOIN mesh.epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id WHERE w.mesh_id = $1 AND w.key_seq > $2) o
   GROUP BY destination, member_id
  ORDER BY key_seq LIMIT $3`;

export async function keyChanges(core: StoreCore, meshId: string, after: number, limit: number): Promise<KeyChange[]> {
  return (await core.rows(changesText, [meshId, after, limit])).map(readKeyChange);
}
