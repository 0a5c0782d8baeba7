import type { KeyItem, WantedWrap } from "../../../protocol/membership-frames.ts";
import type { KeyChange } from "../key-store.ts";
import { readKeyChange, readKeyItem, readWantedWrap } from "../read-key-item.ts";
import type { StoreCore } from "./core.ts";

/** Whether a member m is not limited to other queues than d. */
export const mayUseQueue = `NOT EXISTS (
  SELECT 1 FROM key_member k WHERE k.mesh_id = d.mesh_id AND k.member_id = m.member_id AND k.queues IS NOT NULL
     AND d.destination NOT IN (SELECT value FROM json_each(k.queues)))`;

/** A wrap of an epoch e that its member can open with the key that it has now, as far as that is known. */
const wrapOf = `SELECT 1 FROM epoch_wrap w LEFT JOIN key_member k ON k.mesh_id = w.mesh_id AND k.member_id = w.member_id
  WHERE w.mesh_id = ?1 AND w.epoch_id = e.epoch_id AND w.sealed_to = coalesce(k.x25519, w.sealed_to)`;

/**
 * What a member may see of a mesh's keys (?1 mesh, ?2 member), above a number (?3) and up to another (?4). What a topic held
 * before the member came stands under the numbers of its arrival.
 */
const itemsText = `
  WITH used AS (
    SELECT d.destination, coalesce(a.epochs, 0) AS epochs, coalesce(a.key_seq, 0) AS arrived FROM epoch_destination d
      JOIN member m ON m.mesh_id = d.mesh_id AND m.member_id = ?2 AND m.status = 'active'
      LEFT JOIN epoch_arrival a ON a.mesh_id = d.mesh_id AND a.member_id = ?2 AND a.destination = d.destination
     WHERE d.mesh_id = ?1 AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (
       SELECT 1 FROM subscription s WHERE s.mesh_id = ?1 AND s.member_id = ?2 AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
  ), item AS (
    SELECT e.key_seq, 'epoch' AS kind, e.record, NULL AS destination, NULL AS member_id, NULL AS epoch_id, NULL AS sealed_to, NULL AS sealed
      FROM epoch e JOIN used u ON u.destination = e.destination
     WHERE e.mesh_id = ?1 AND e.key_seq > ?3 AND e.ordinal > u.epochs
    UNION ALL
    SELECT u.arrived + 2 * e.ordinal, 'epoch', e.record, NULL, NULL, NULL, NULL, NULL
      FROM used u JOIN epoch e ON e.mesh_id = ?1 AND e.destination = u.destination AND e.ordinal <= u.epochs
     WHERE u.arrived + 2 * u.epochs > ?3
    UNION ALL
    SELECT d.key_seq, 'departed', NULL, d.destination, d.member_id, NULL, NULL, NULL
      FROM epoch_departure d JOIN used u ON u.destination = d.destination
     WHERE d.mesh_id = ?1 AND d.key_seq > ?3 AND d.key_seq > u.arrived
    UNION ALL
    SELECT u.arrived + 2 * d.epochs + 1, 'departed', NULL, d.destination, d.member_id, NULL, NULL, NULL
      FROM used u JOIN epoch_departure d ON d.mesh_id = ?1 AND d.destination = u.destination AND d.key_seq < u.arrived
     WHERE u.arrived + 2 * u.epochs + 1 > ?3 AND NOT EXISTS (
       SELECT 1 FROM epoch_departure l WHERE l.mesh_id = ?1 AND l.destination = d.destination AND l.epochs = d.epochs
          AND l.key_seq > d.key_seq AND l.key_seq < u.arrived)
    UNION ALL
    SELECT w.key_seq, 'wrap', NULL, NULL, w.member_id, w.epoch_id, w.sealed_to, w.sealed
      FROM epoch_wrap w INDEXED BY epoch_wrap_member
      JOIN epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id JOIN used u ON u.destination = e.destination
     WHERE w.mesh_id = ?1 AND w.member_id = ?2 AND w.key_seq > ?3
  )
  SELECT * FROM item WHERE key_seq > ?3 AND key_seq <= ?4 ORDER BY key_seq LIMIT ?5`;

export function keysAbove(
  core: StoreCore,
  meshId: string,
  memberId: string,
  after: number,
  limit: number,
): { items: KeyItem[]; through: number; more: boolean } {
  const through = keyHead(core, meshId);
  const rows = core.sql(itemsText).all(meshId, memberId, after, through, limit + 1);
  return { items: rows.slice(0, limit).map(readKeyItem), through, more: rows.length > limit };
}

/** Who lacks which key that it is to have, of one mesh (?1). */
export const lackedText = `
  SELECT e.epoch_id, e.destination, m.member_id FROM key_lack x
    JOIN epoch_destination d ON d.mesh_id = x.mesh_id AND d.destination = x.destination
    JOIN member m ON m.mesh_id = x.mesh_id AND m.member_id = x.member_id AND m.status = 'active'
    JOIN epoch e ON e.mesh_id = x.mesh_id AND e.destination = x.destination
    LEFT JOIN epoch_arrival a ON a.mesh_id = x.mesh_id AND a.member_id = x.member_id AND a.destination = x.destination
   WHERE x.mesh_id = ?1
     AND (d.history = 'all' OR e.depth = d.depth OR (d.topic_id IS NOT NULL AND e.ordinal > coalesce(a.epochs, 0)))
     AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (
       SELECT 1 FROM subscription s WHERE s.mesh_id = x.mesh_id AND s.member_id = x.member_id AND s.topic_id = d.topic_id
          AND s.last_seq IS NULL))
     AND NOT EXISTS (${wrapOf} AND w.member_id = m.member_id)`;

export function wantedWraps(
  core: StoreCore,
  meshId: string,
  memberId: string,
  limit: number,
): { wanted: WantedWrap[]; more: boolean } {
  const rows = core
    .sql(
      `SELECT l.epoch_id, l.destination, l.member_id FROM (${lackedText}) l
        WHERE EXISTS (SELECT 1 FROM epoch_wrap w WHERE w.mesh_id = ?1 AND w.epoch_id = l.epoch_id AND w.member_id = ?2)
          AND NOT EXISTS (SELECT 1 FROM epoch_wrap_refusal r WHERE r.mesh_id = ?1 AND r.epoch_id = l.epoch_id
                AND r.member_id = l.member_id AND r.handed_in_by = ?2)
          AND l.destination IN (${usedText}) LIMIT ?3`,
    )
    .all(meshId, memberId, limit + 1);
  return { wanted: rows.slice(0, limit).map(readWantedWrap), more: rows.length > limit };
}

/** Destinations with keys that a member (?2) may use. */
const usedText = `
  SELECT d.destination FROM epoch_destination d JOIN member m ON m.mesh_id = d.mesh_id AND m.member_id = ?2 AND m.status = 'active'
   WHERE d.mesh_id = ?1 AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (
     SELECT 1 FROM subscription s WHERE s.mesh_id = ?1 AND s.member_id = ?2 AND s.topic_id = d.topic_id AND s.last_seq IS NULL))`;

export function keysLacked(core: StoreCore, meshId: string, memberId: string, limit: number): string[] {
  return core
    .sql(`SELECT DISTINCT l.destination FROM (${lackedText}) l WHERE l.member_id = ?2 ORDER BY l.destination LIMIT ?3`)
    .all(meshId, memberId, limit)
    .map((row) => String(row["destination"]));
}

export function keyHolders(
  core: StoreCore,
  meshId: string,
  destination: string,
  among: readonly string[],
  limit: number,
): string[] {
  return core
    .sql(
      // Whoever has refused a wrap of the epoch is looked at by itself: not everybody that has the key helps it.
      `WITH lacked AS MATERIALIZED (
         SELECT DISTINCT l.epoch_id, CASE WHEN EXISTS (SELECT 1 FROM epoch_wrap_refusal r WHERE r.mesh_id = ?1
             AND r.epoch_id = l.epoch_id AND r.member_id = l.member_id) THEN l.member_id END AS refuser
           FROM (${lackedText}) l WHERE l.destination = ?2)
       SELECT u.value AS member_id FROM json_each(?3) u WHERE EXISTS (
         SELECT 1 FROM lacked l JOIN epoch_wrap w ON w.mesh_id = ?1 AND w.epoch_id = l.epoch_id AND w.member_id = u.value
          WHERE NOT EXISTS (SELECT 1 FROM epoch_wrap_refusal r WHERE r.mesh_id = ?1 AND r.epoch_id = l.epoch_id
            AND r.member_id = l.refuser AND r.handed_in_by = u.value))
       LIMIT ?4`,
    )
    .all(meshId, destination, JSON.stringify(destinationUsers(core, meshId, destination, among)), limit)
    .map((row) => String(row["member_id"]));
}

export function epochsLacked(core: StoreCore, meshId: string, memberId: string, epochIds: readonly string[]): string[] {
  return core
    .sql(
      `SELECT u.value AS epoch_id FROM json_each(?3) u WHERE NOT EXISTS (
         SELECT 1 FROM epoch e WHERE e.mesh_id = ?1 AND e.epoch_id = u.value AND EXISTS (${wrapOf} AND w.member_id = ?2))
       ORDER BY u.key`,
    )
    .all(meshId, memberId, JSON.stringify(epochIds))
    .map((row) => String(row["epoch_id"]));
}

export function destinationUsers(
  core: StoreCore,
  meshId: string,
  destination: string,
  among: readonly string[],
): string[] {
  return core
    .sql(
      `SELECT m.member_id FROM member m WHERE m.mesh_id = ?1 AND m.status = 'active'
          AND m.member_id IN (SELECT value FROM json_each(?2)) AND ((?3 LIKE 'queue:%' AND NOT EXISTS (SELECT 1 FROM key_member k WHERE k.mesh_id = ?1 AND k.member_id = m.member_id
              AND k.queues IS NOT NULL AND NOT ?3 IN (SELECT value FROM json_each(k.queues)))) OR EXISTS (
            SELECT 1 FROM subscription s WHERE s.mesh_id = ?1 AND s.member_id = m.member_id AND s.last_seq IS NULL
               AND ?3 = 'topic:' || s.topic_id))`,
    )
    .all(meshId, JSON.stringify(among), destination)
    .map((row) => String(row["member_id"]));
}

export function keyHead(core: StoreCore, meshId: string): number {
  return Number(core.sql("SELECT key_seq FROM key_head WHERE mesh_id = ?").get(meshId)?.["key_seq"] ?? 0);
}

/** Records and departures are news for everybody who may use the destination, wraps and an arrival for their member. */
const changesText = `
  SELECT destination, NULL AS member_id, max(lacking) AS lacking, max(key_seq) AS key_seq FROM (
    SELECT destination, 1 AS lacking, key_seq FROM epoch WHERE mesh_id = ?1 AND key_seq > ?2
    UNION ALL SELECT destination, 0, key_seq FROM epoch_departure WHERE mesh_id = ?1 AND key_seq > ?2) GROUP BY destination
  UNION ALL
  SELECT destination, member_id, max(lacking), max(key_seq) FROM (
    SELECT destination, member_id, 1 AS lacking, key_seq FROM epoch_arrival WHERE mesh_id = ?1 AND key_seq > ?2
    UNION ALL SELECT e.destination, w.member_id, 0, w.key_seq FROM epoch_wrap w
      JOIN epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id WHERE w.mesh_id = ?1 AND w.key_seq > ?2)
   GROUP BY destination, member_id
  ORDER BY key_seq LIMIT ?3`;

export function keyChanges(core: StoreCore, meshId: string, after: number, limit: number): KeyChange[] {
  return core.sql(changesText).all(meshId, after, limit).map(readKeyChange);
}
