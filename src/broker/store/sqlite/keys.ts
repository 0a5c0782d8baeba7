import type { EpochRecord, EpochWrap } from "../../../protocol/epoch.ts";
import { limits } from "../../../protocol/limits.ts";
import {
  destinationMissing,
  epochsTooFast,
  noParentEpoch,
  tooManyEpochs,
  tooManySiblings,
  wrongDepth,
} from "../key-refusals.ts";
import { type HandedIn, hourMs, type WrapPlace } from "../key-store.ts";
import type { StoreCore } from "./core.ts";
import { headOf } from "./directory.ts";
import { lackedText, mayUseQueue } from "./key-reading.ts";
import { queueByName } from "./queues.ts";
import { topicByName } from "./topics.ts";

export function createEpoch(
  core: StoreCore,
  meshId: string,
  record: EpochRecord,
  wraps: readonly EpochWrap[],
  by: HandedIn,
): boolean {
  return core.transaction(() => {
    headOf(core, meshId);
    const isNew = epoch(core, meshId, record.epoch_id) === null;
    if (isNew) insertEpoch(core, meshId, record, by.now);
    insertWraps(core, meshId, wraps, by);
    if (isNew) noteLacking(core, meshId, record);
    return isNew;
  });
}

export function addWraps(core: StoreCore, meshId: string, wraps: readonly EpochWrap[], by: HandedIn): number {
  return core.transaction(() => insertWraps(core, meshId, wraps, by));
}

export function epoch(core: StoreCore, meshId: string, epochId: string): EpochRecord | null {
  const row = core.sql("SELECT record FROM epoch WHERE mesh_id = ? AND epoch_id = ?").get(meshId, epochId);
  return row === undefined ? null : (JSON.parse(String(row["record"])) as EpochRecord);
}

export function refuseWrap(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { epoch_id, sealed_to }: WrapPlace,
  now: number,
): boolean {
  return core.transaction(() => {
    const wrap = core
      .sql(
        `SELECT w.handed_in_by, e.destination FROM epoch_wrap w JOIN epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id
          WHERE w.mesh_id = ? AND w.epoch_id = ? AND w.member_id = ? AND w.sealed_to = ?`,
      )
      .get(meshId, epoch_id, memberId, sealed_to);
    if (wrap === undefined) return false;
    const refused = core
      .sql("SELECT count(*) AS n FROM epoch_wrap_refusal WHERE mesh_id = ? AND epoch_id = ? AND member_id = ?")
      .get(meshId, epoch_id, memberId);
    if (Number(refused?.["n"]) >= limits.wrapRefusalsMax) return false;
    core
      .sql("DELETE FROM epoch_wrap WHERE mesh_id = ? AND epoch_id = ? AND member_id = ? AND sealed_to = ?")
      .run(meshId, epoch_id, memberId, sealed_to);
    core
      .sql(
        `INSERT INTO epoch_wrap_refusal (mesh_id, epoch_id, member_id, handed_in_by, refused_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      )
      .run(meshId, epoch_id, memberId, String(wrap["handed_in_by"] ?? ""), now);
    core
      .sql("INSERT INTO key_lack (mesh_id, member_id, destination) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
      .run(meshId, memberId, String(wrap["destination"]));
    return true;
  });
}

export function firstEpoch(core: StoreCore, meshId: string, destination: string): EpochRecord | null {
  const row = core
    .sql("SELECT record FROM epoch WHERE mesh_id = ? AND destination = ? AND ordinal = 1")
    .get(meshId, destination);
  return row === undefined ? null : (JSON.parse(String(row["record"])) as EpochRecord);
}

/** Call it in the transaction that ends a member's use of a topic or queue. Without keys there is nothing to make anew. */
export function noteDeparture(core: StoreCore, meshId: string, memberId: string, destination: string): void {
  const epochs = epochsOf(core, meshId, destination);
  if (epochs === 0) return;
  core
    .sql(
      `INSERT INTO epoch_departure (mesh_id, destination, member_id, epochs, key_seq) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (mesh_id, destination, member_id) DO UPDATE SET epochs = excluded.epochs, key_seq = excluded.key_seq`,
    )
    .run(meshId, destination, memberId, epochs, takeNumbers(core, meshId, 1));
}

/** The same of several topics, in rows. */
export function noteDepartures(
  core: StoreCore,
  meshId: string,
  memberId: string,
  ended: readonly Readonly<Record<string, unknown>>[],
): void {
  for (const { topic_id: topicId } of ended) noteDeparture(core, meshId, memberId, `topic:${String(topicId)}`);
}

/**
 * Call it in the transaction from which on a member may use a topic or queue. What is there gets numbers above all that the member has
 * read: one for each record and one behind each for a departure, then its own wraps of an earlier time.
 */
export function noteArrival(core: StoreCore, meshId: string, memberId: string, destination: string): void {
  const epochs = epochsOf(core, meshId, destination);
  if (epochs === 0) return;
  const first = takeNumbers(core, meshId, 2 * epochs + 2);
  core
    .sql(
      `INSERT INTO epoch_arrival (mesh_id, member_id, destination, epochs, key_seq) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (mesh_id, member_id, destination) DO UPDATE SET epochs = excluded.epochs, key_seq = excluded.key_seq`,
    )
    .run(meshId, memberId, destination, epochs, first);
  core
    .sql("INSERT INTO key_lack (mesh_id, member_id, destination) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
    .run(meshId, memberId, destination);
  const own = core
    .sql(
      `SELECT w.epoch_id, w.sealed_to FROM epoch_wrap w JOIN epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id
        WHERE w.mesh_id = ? AND w.member_id = ? AND e.destination = ? ORDER BY w.key_seq`,
    )
    .all(meshId, memberId, destination);
  if (own.length === 0) return;
  const from = takeNumbers(core, meshId, own.length);
  for (const [place, row] of own.entries())
    core
      .sql("UPDATE epoch_wrap SET key_seq = ? WHERE mesh_id = ? AND epoch_id = ? AND member_id = ? AND sealed_to = ?")
      .run(from + place, meshId, String(row["epoch_id"]), memberId, String(row["sealed_to"]));
}

function insertEpoch(core: StoreCore, meshId: string, record: EpochRecord, now: number): void {
  const { epoch_id, destination, parent, depth } = record;
  const topicId = topicOf(core, meshId, record);
  checkPlace(core, meshId, record);
  const ordinal = epochsOf(core, meshId, destination) + 1;
  if (ordinal > limits.epochsMax) throw tooManyEpochs();
  checkRate(core, meshId, record, now);
  core
    .sql(
      `INSERT INTO epoch (mesh_id, epoch_id, destination, ordinal, parent, depth, key_seq, record, created_at, created_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      meshId,
      epoch_id,
      destination,
      ordinal,
      parent,
      depth,
      takeNumbers(core, meshId, 1),
      JSON.stringify(record),
      now,
      record.created_by,
    );
  core
    .sql(
      `INSERT INTO epoch_destination AS d (mesh_id, destination, topic_id, epochs, depth, epoch_id, history)
       VALUES (?, ?, ?, 1, ?, ?, ?)
       ON CONFLICT (mesh_id, destination) DO UPDATE SET epochs = d.epochs + 1`,
    )
    .run(meshId, destination, topicId, depth, epoch_id, record.history);
  // Of several that are equally deep, the lowest id is the one that seals.
  core
    .sql(
      `UPDATE epoch_destination SET depth = ?1, epoch_id = ?2, history = ?3
        WHERE mesh_id = ?4 AND destination = ?5 AND (depth < ?1 OR (depth = ?1 AND epoch_id > ?2))`,
    )
    .run(depth, epoch_id, record.history, meshId, destination);
}

/** topic_id of the record's destination, null for a queue. Throws unknown_destination unless it is there under that name. */
function topicOf(core: StoreCore, meshId: string, { destination, name }: EpochRecord): string | null {
  if (destination === `queue:${name}`) {
    if (queueByName(core, meshId, name) === null) throw destinationMissing(destination);
    return null;
  }
  const topic = topicByName(core, meshId, name);
  if (topic === null || destination !== `topic:${topic.topic_id}`) throw destinationMissing(destination);
  return topic.topic_id;
}

function checkPlace(core: StoreCore, meshId: string, { destination, parent, depth }: EpochRecord): void {
  if (parent !== null) {
    const before = core
      .sql("SELECT depth FROM epoch WHERE mesh_id = ? AND epoch_id = ? AND destination = ?")
      .get(meshId, parent, destination);
    if (before === undefined) throw noParentEpoch();
    if (Number(before["depth"]) + 1 !== depth) throw wrongDepth();
  }
  const siblings = core
    .sql("SELECT count(*) AS n FROM epoch WHERE mesh_id = ? AND destination = ? AND parent IS ?")
    .get(meshId, destination, parent);
  if (Number(siblings?.["n"]) >= limits.epochSiblingsMax) throw tooManySiblings();
}

function checkRate(core: StoreCore, meshId: string, { destination, created_by }: EpochRecord, now: number): void {
  const nth = core
    .sql(
      `SELECT created_at FROM epoch WHERE mesh_id = ? AND destination = ? AND created_by = ? AND created_at > ?
        ORDER BY created_at DESC LIMIT 1 OFFSET ?`,
    )
    .get(meshId, destination, created_by, now - hourMs, limits.memberEpochsPerHourMax - 1);
  if (nth !== undefined) throw epochsTooFast(Number(nth["created_at"]) + hourMs - now);
}

function insertWraps(core: StoreCore, meshId: string, wraps: readonly EpochWrap[], by: HandedIn): number {
  let stored = 0;
  for (const { epoch_id, member_id, sealed_to, sealed } of wraps) {
    const due = core
      .sql(
        `SELECT 1 AS yes FROM epoch e
           JOIN epoch_destination d ON d.mesh_id = e.mesh_id AND d.destination = e.destination
           JOIN member m ON m.mesh_id = e.mesh_id AND m.member_id = ?3 AND m.status = 'active'
           LEFT JOIN key_member c ON c.mesh_id = ?1 AND c.member_id = ?3
          WHERE e.mesh_id = ?1 AND e.epoch_id = ?2
            AND ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (SELECT 1 FROM subscription s WHERE s.mesh_id = ?1 AND s.member_id = ?3
                  AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
            AND NOT EXISTS (SELECT 1 FROM epoch_wrap w WHERE w.mesh_id = ?1 AND w.epoch_id = ?2 AND w.member_id = ?3
                  AND w.sealed_to = ?4)
            AND NOT EXISTS (SELECT 1 FROM epoch_wrap_refusal r WHERE r.mesh_id = ?1 AND r.epoch_id = ?2 AND r.member_id = ?3
                  AND r.handed_in_by = ?6)
            AND CASE WHEN c.x25519 IS NOT NULL THEN c.x25519 = ?4 ELSE
                  (SELECT count(*) FROM epoch_wrap w WHERE w.mesh_id = ?1 AND w.epoch_id = ?2 AND w.member_id = ?3) < ?5 END`,
      )
      .get(meshId, epoch_id, member_id, sealed_to, limits.wrapsPerMemberMax, by.memberId);
    if (due === undefined) continue;
    core
      .sql(
        `INSERT INTO epoch_wrap (mesh_id, epoch_id, member_id, sealed_to, sealed, key_seq, created_at, handed_in_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(meshId, epoch_id, member_id, sealed_to, sealed, takeNumbers(core, meshId, 1), by.now, by.memberId);
    stored += 1;
  }
  const members = JSON.stringify([...new Set(wraps.map(({ member_id }) => member_id))]);
  core
    .sql(
      `DELETE FROM key_lack AS y WHERE y.mesh_id = ?1 AND y.member_id IN (SELECT value FROM json_each(?2)) AND NOT EXISTS (
         SELECT 1 FROM (${lackedText}) l WHERE l.member_id = y.member_id AND l.destination = y.destination)`,
    )
    .run(meshId, members);
  return stored;
}

/** Of those who may use the destination, whoever the new epoch's key did not come for. One that is older may be due too by what the newest says of history. */
function noteLacking(core: StoreCore, meshId: string, { destination, epoch_id, history }: EpochRecord): void {
  core
    .sql(
      `INSERT INTO key_lack (mesh_id, member_id, destination)
       SELECT d.mesh_id, m.member_id, d.destination FROM epoch_destination d JOIN member m ON m.mesh_id = d.mesh_id AND m.status = 'active'
        WHERE d.mesh_id = ?1 AND d.destination = ?2
          AND (d.topic_id IS NULL OR EXISTS (SELECT 1 FROM subscription s WHERE s.mesh_id = ?1 AND s.member_id = m.member_id
                AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
          AND (EXISTS (SELECT 1 FROM epoch p WHERE ?4 = 'all' AND p.mesh_id = ?1 AND p.destination = ?2 AND p.record ->> 'history' <> 'all')
            OR NOT EXISTS (SELECT 1 FROM epoch_wrap w WHERE w.mesh_id = ?1 AND w.epoch_id = ?3 AND w.member_id = m.member_id))
       ON CONFLICT DO NOTHING`,
    )
    .run(meshId, destination, epoch_id, history);
}

/** A member that came to the mesh, or whose key is another: it may lack every key that there is. Call inside a transaction. */
export function noteMayLack(core: StoreCore, meshId: string, memberId: string): void {
  core
    .sql(
      `INSERT INTO key_lack (mesh_id, member_id, destination)
       SELECT mesh_id, ?2, destination FROM epoch_destination WHERE mesh_id = ?1 ON CONFLICT DO NOTHING`,
    )
    .run(meshId, memberId);
}

function epochsOf(core: StoreCore, meshId: string, destination: string): number {
  const row = core
    .sql("SELECT epochs FROM epoch_destination WHERE mesh_id = ? AND destination = ?")
    .get(meshId, destination);
  return Number(row?.["epochs"] ?? 0);
}

/** Takes so many numbers of the mesh's count and returns the first. */
function takeNumbers(core: StoreCore, meshId: string, count: number): number {
  const row = core
    .sql(
      `INSERT INTO key_head AS h (mesh_id, key_seq) VALUES (?1, ?2)
       ON CONFLICT (mesh_id) DO UPDATE SET key_seq = h.key_seq + ?2 RETURNING key_seq`,
    )
    .get(meshId, count);
  return Number(row?.["key_seq"]) - count + 1;
}
