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
import { encodeArray, textArray } from "./binary-array.ts";
import type { Row, Sql, StoreCore } from "./core.ts";
import { lackedText, mayUseQueue } from "./key-reading.ts";
import { queueByName } from "./queues.ts";
import { topicByName } from "./topics.ts";

export function createEpoch(
  core: StoreCore,
  meshId: string,
  record: EpochRecord,
  wraps: readonly EpochWrap[],
  by: HandedIn,
): Promise<boolean> {
  return core.locked(meshId, async (tx) => {
    const isNew = (await epoch(tx, meshId, record.epoch_id)) === null;
    if (isNew) await insertEpoch(tx, meshId, record, by.now);
    await insertWraps(tx, meshId, wraps, by);
    if (isNew) await noteLacking(tx, meshId, record);
    return isNew;
  });
}

export function addWraps(core: StoreCore, meshId: string, wraps: readonly EpochWrap[], by: HandedIn): Promise<number> {
  return core.locked(meshId, (tx) => insertWraps(tx, meshId, wraps, by));
}

export function refuseWrap(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { epoch_id, sealed_to }: WrapPlace,
  now: number,
): Promise<boolean> {
  return core.locked(meshId, async (tx) => {
    const [wrap] = await tx.rows(
      `SELECT w.handed_in_by, e.destination FROM mesh.epoch_wrap w
         JOIN mesh.epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id
        WHERE w.mesh_id = $1 AND w.epoch_id = $2 AND w.member_id = $3 AND w.sealed_to = $4`,
      [meshId, epoch_id, memberId, sealed_to],
    );
    if (wrap === undefined) return false;
    const [refused] = await tx.rows(
      "SELECT count(*) AS n FROM mesh.epoch_wrap_refusal WHERE mesh_id = $1 AND epoch_id = $2 AND member_id = $3",
      [meshId, epoch_id, memberId],
    );
    if (Number(refused?.["n"]) >= limits.wrapRefusalsMax) return false;
    await tx.rows(
      "DELETE FROM mesh.epoch_wrap WHERE mesh_id = $1 AND epoch_id = $2 AND member_id = $3 AND sealed_to = $4",
      [meshId, epoch_id, memberId, sealed_to],
    );
    await tx.rows(
      `INSERT INTO mesh.epoch_wrap_refusal (mesh_id, epoch_id, member_id, handed_in_by, refused_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [meshId, epoch_id, memberId, String(wrap["handed_in_by"] ?? ""), now],
    );
    await tx.rows(
      "INSERT INTO mesh.key_lack (mesh_id, member_id, destination) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      [meshId, memberId, String(wrap["destination"])],
    );
    return true;
  });
}

export async function epoch(sql: Sql, meshId: string, epochId: string): Promise<EpochRecord | null> {
  const [row] = await sql.rows("SELECT record FROM mesh.epoch WHERE mesh_id = $1 AND epoch_id = $2", [meshId, epochId]);
  return row === undefined ? null : (JSON.parse(String(row["record"])) as EpochRecord);
}

export async function firstEpoch(sql: Sql, meshId: string, destination: string): Promise<EpochRecord | null> {
  const [row] = await sql.rows(
    "SELECT record FROM mesh.epoch WHERE mesh_id = $1 AND destination = $2 AND ordinal = 1",
    [meshId, destination],
  );
  return row === undefined ? null : (JSON.parse(String(row["record"])) as EpochRecord);
}

/** Call it in the transaction that ends a member's use of a topic or queue. Without keys there is nothing to make anew. */
export async function noteDeparture(tx: Sql, meshId: string, memberId: string, destination: string): Promise<void> {
  const epochs = await epochsOf(tx, meshId, destination);
  if (epochs === 0) return;
  await tx.rows(
    `INSERT INTO mesh.epoch_departure (mesh_id, destination, member_id, epochs, key_seq) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (mesh_id, destination, member_id) DO UPDATE SET epochs = excluded.epochs, key_seq = excluded.key_seq`,
    [meshId, destination, memberId, epochs, await takeNumbers(tx, meshId, 1)],
  );
}

/** The same of several topics, in rows. */
export async function noteDepartures(tx: Sql, meshId: string, memberId: string, ended: readonly Row[]): Promise<void> {
  for (const { topic_id: topicId } of ended) await noteDeparture(tx, meshId, memberId, `topic:${String(topicId)}`);
}

/**
 * Call it in the transaction from which on a member may use a topic or queue. What is there gets numbers above all that the member has
 * read: one for each record and one behind each for a departure, then its own wraps of an earlier time.
 */
export async function noteArrival(tx: Sql, meshId: string, memberId: string, destination: string): Promise<void> {
  const epochs = await epochsOf(tx, meshId, destination);
  if (epochs === 0) return;
  await tx.rows(
    `INSERT INTO mesh.epoch_arrival (mesh_id, member_id, destination, epochs, key_seq) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (mesh_id, member_id, destination) DO UPDATE SET epochs = excluded.epochs, key_seq = excluded.key_seq`,
    [meshId, memberId, destination, epochs, await takeNumbers(tx, meshId, 2 * epochs + 2)],
  );
  await tx.rows(
    "INSERT INTO mesh.key_lack (mesh_id, member_id, destination) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [meshId, memberId, destination],
  );
  const [own] = await tx.rows(`SELECT count(*) AS n FROM (${ownWrapsText}) w`, [meshId, memberId, destination]);
  if (Number(own?.["n"]) === 0) return;
  await tx.rows(
    `UPDATE mesh.epoch_wrap w SET key_seq = $4::bigint + o.place - 1 FROM (${ownWrapsText}) o
      WHERE w.mesh_id = $1 AND w.epoch_id = o.epoch_id AND w.member_id = $2 AND w.sealed_to = o.sealed_to`,
    [meshId, memberId, destination, await takeNumbers(tx, meshId, Number(own?.["n"]))],
  );
}

const ownWrapsText = `
  SELECT w.epoch_id, w.sealed_to, row_number() OVER (ORDER BY w.key_seq) AS place FROM mesh.epoch_wrap w
    JOIN mesh.epoch e ON e.mesh_id = w.mesh_id AND e.epoch_id = w.epoch_id
   WHERE w.mesh_id = $1 AND w.member_id = $2 AND e.destination = $3`;

async function insertEpoch(tx: Sql, meshId: string, record: EpochRecord, now: number): Promise<void> {
  const { epoch_id, destination, parent, depth, history } = record;
  const topicId = await topicOf(tx, meshId, record);
  await checkPlace(tx, meshId, record);
  const ordinal = (await epochsOf(tx, meshId, destination)) + 1;
  if (ordinal > limits.epochsMax) throw tooManyEpochs();
  await checkRate(tx, meshId, record, now);
  const keySeq = await takeNumbers(tx, meshId, 1);
  await tx.rows(
    `INSERT INTO mesh.epoch (mesh_id, epoch_id, destination, ordinal, parent, depth, key_seq, record, created_at, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [meshId, epoch_id, destination, ordinal, parent, depth, keySeq, JSON.stringify(record), now, record.created_by],
  );
  await tx.rows(
    `INSERT INTO mesh.epoch_destination AS d (mesh_id, destination, topic_id, epochs, depth, epoch_id, history)
     VALUES ($1, $2, $3, 1, $4, $5, $6)
     ON CONFLICT (mesh_id, destination) DO UPDATE SET epochs = d.epochs + 1`,
    [meshId, destination, topicId, depth, epoch_id, history],
  );
  // Of several that are equally deep, the lowest id is the one that seals.
  await tx.rows(
    `UPDATE mesh.epoch_destination SET depth = $3, epoch_id = $4, history = $5
      WHERE mesh_id = $1 AND destination = $2 AND (depth < $3 OR (depth = $3 AND epoch_id > $4))`,
    [meshId, destination, depth, epoch_id, history],
  );
}

/** topic_id of the record's destination, null for a queue. Throws unknown_destination unless it is there under that name. */
async function topicOf(tx: Sql, meshId: string, { destination, name }: EpochRecord): Promise<string | null> {
  if (destination === `queue:${name}`) {
    if ((await queueByName(tx, meshId, name)) === null) throw destinationMissing(destination);
    return null;
  }
  const topic = await topicByName(tx, meshId, name);
  if (topic === null || destination !== `topic:${topic.topic_id}`) throw destinationMissing(destination);
  return topic.topic_id;
}

async function checkPlace(tx: Sql, meshId: string, { destination, parent, depth }: EpochRecord): Promise<void> {
  if (parent !== null) {
    const [before] = await tx.rows(
      "SELECT depth FROM mesh.epoch WHERE mesh_id = $1 AND epoch_id = $2 AND destination = $3",
      [meshId, parent, destination],
    );
    if (before === undefined) throw noParentEpoch();
    if (Number(before["depth"]) + 1 !== depth) throw wrongDepth();
  }
  const [siblings] = await tx.rows(
    "SELECT count(*) AS n FROM mesh.epoch WHERE mesh_id = $1 AND destination = $2 AND parent IS NOT DISTINCT FROM $3",
    [meshId, destination, parent],
  );
  if (Number(siblings?.["n"]) >= limits.epochSiblingsMax) throw tooManySiblings();
}

async function checkRate(
  tx: Sql,
  meshId: string,
  { destination, created_by }: EpochRecord,
  now: number,
): Promise<void> {
  const [nth] = await tx.rows(
    `SELECT created_at FROM mesh.epoch WHERE mesh_id = $1 AND destination = $2 AND created_by = $3 AND created_at > $4
      ORDER BY created_at DESC LIMIT 1 OFFSET $5`,
    [meshId, destination, created_by, now - hourMs, limits.memberEpochsPerHourMax - 1],
  );
  if (nth !== undefined) throw epochsTooFast(Number(nth["created_at"]) + hourMs - now);
}

/** Of the wraps that are due, in the order in which they were handed in: each column is an array. */
const dueText = `
  SELECT DISTINCT ON (u.epoch_id, u.member_id, u.sealed_to) u.place, e.epoch_id, u.member_id,
      CASE WHEN c.x25519 IS NOT NULL THEN 0 ELSE (SELECT count(*) FROM mesh.epoch_wrap w
        WHERE w.mesh_id = $1 AND w.epoch_id = u.epoch_id AND w.member_id = u.member_id) END AS held
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS u (epoch_id, member_id, sealed_to, place)
    JOIN mesh.epoch e ON e.mesh_id = $1 AND e.epoch_id = u.epoch_id
    JOIN mesh.epoch_destination d ON d.mesh_id = $1 AND d.destination = e.destination
    JOIN mesh.member m ON m.mesh_id = $1 AND m.member_id = u.member_id AND m.status = 'active'
    LEFT JOIN mesh.key_member c ON c.mesh_id = $1 AND c.member_id = u.member_id
   WHERE ((d.topic_id IS NULL AND ${mayUseQueue}) OR EXISTS (SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = $1 AND s.member_id = u.member_id
            AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
     AND NOT EXISTS (SELECT 1 FROM mesh.epoch_wrap w WHERE w.mesh_id = $1 AND w.epoch_id = u.epoch_id
            AND w.member_id = u.member_id AND w.sealed_to = u.sealed_to)
     AND NOT EXISTS (SELECT 1 FROM mesh.epoch_wrap_refusal r WHERE r.mesh_id = $1 AND r.epoch_id = u.epoch_id
            AND r.member_id = u.member_id AND r.handed_in_by = $5)
     AND u.sealed_to = coalesce(c.x25519, u.sealed_to)
   ORDER BY u.epoch_id, u.member_id, u.sealed_to, u.place`;

async function insertWraps(tx: Sql, meshId: string, wraps: readonly EpochWrap[], by: HandedIn): Promise<number> {
  if (wraps.length === 0) return 0;
  const column = (of: (wrap: EpochWrap) => string): Buffer => encodeArray(textArray, wraps.map(of));
  const rows = await tx.rows(dueText, [
    meshId,
    column(({ epoch_id }) => epoch_id),
    column(({ member_id }) => member_id),
    column(({ sealed_to }) => sealed_to),
    by.memberId,
  ]);
  const held = new Map<string, number>();
  const due: EpochWrap[] = [];
  for (const row of rows.toSorted((a, b) => Number(a["place"]) - Number(b["place"]))) {
    const wrap = wraps[Number(row["place"]) - 1];
    const key = `${row["epoch_id"]} ${row["member_id"]}`;
    const before = held.get(key) ?? Number(row["held"]);
    if (wrap === undefined || before >= limits.wrapsPerMemberMax) continue;
    held.set(key, before + 1);
    due.push(wrap);
  }
  if (due.length === 0) return 0;
  const dueColumn = (of: (wrap: EpochWrap) => string): Buffer => encodeArray(textArray, due.map(of));
  await tx.rows(
    `INSERT INTO mesh.epoch_wrap (mesh_id, epoch_id, member_id, sealed_to, sealed, key_seq, created_at, handed_in_by)
     SELECT $1, u.epoch_id, u.member_id, u.sealed_to, u.sealed, $6::bigint + u.place - 1, $7, $8
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS u (epoch_id, member_id, sealed_to, sealed, place)`,
    [
      meshId,
      dueColumn(({ epoch_id }) => epoch_id),
      dueColumn(({ member_id }) => member_id),
      dueColumn(({ sealed_to }) => sealed_to),
      dueColumn(({ sealed }) => sealed),
      await takeNumbers(tx, meshId, due.length),
      by.now,
      by.memberId,
    ],
  );
  const members = [...new Set(due.map(({ member_id }) => member_id))];
  await tx.rows(
    `DELETE FROM mesh.key_lack y WHERE y.mesh_id = $1 AND y.member_id = ANY ($2::text[]) AND (
       SELECT 1 FROM (${lackedText}) l WHERE l.member_id = y.member_id AND l.destination = y.destination LIMIT 1) IS NULL`,
    [meshId, encodeArray(textArray, members)],
  );
  return due.length;
}

/** Of those who may use the destination, whoever the new epoch's key did not come for. One that is older may be due too by what the newest says of history. */
async function noteLacking(tx: Sql, meshId: string, { destination, epoch_id, history }: EpochRecord): Promise<void> {
  await tx.rows(
    `INSERT INTO mesh.key_lack (mesh_id, member_id, destination)
     SELECT d.mesh_id, m.member_id, d.destination FROM mesh.epoch_destination d
       JOIN mesh.member m ON m.mesh_id = d.mesh_id AND m.status = 'active'
      WHERE d.mesh_id = $1 AND d.destination = $2
        AND (d.topic_id IS NULL OR EXISTS (SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = $1 AND s.member_id = m.member_id
              AND s.topic_id = d.topic_id AND s.last_seq IS NULL))
        AND (EXISTS (SELECT 1 FROM mesh.epoch p WHERE $4 = 'all' AND p.mesh_id = $1 AND p.destination = $2
                AND p.record::json ->> 'history' <> 'all')
          OR NOT EXISTS (SELECT 1 FROM mesh.epoch_wrap w WHERE w.mesh_id = $1 AND w.epoch_id = $3 AND w.member_id = m.member_id))
     ON CONFLICT DO NOTHING`,
    [meshId, destination, epoch_id, history],
  );
}

/** A member that came to the mesh, or whose key is another: it may lack every key that there is. Call it under the mesh's lock. */
export async function noteMayLack(tx: Sql, meshId: string, memberId: string): Promise<void> {
  await tx.rows(
    `INSERT INTO mesh.key_lack (mesh_id, member_id, destination)
     SELECT mesh_id, $2, destination FROM mesh.epoch_destination WHERE mesh_id = $1 ON CONFLICT DO NOTHING`,
    [meshId, memberId],
  );
}

async function epochsOf(tx: Sql, meshId: string, destination: string): Promise<number> {
  const [row] = await tx.rows("SELECT epochs FROM mesh.epoch_destination WHERE mesh_id = $1 AND destination = $2", [
    meshId,
    destination,
  ]);
  return Number(row?.["epochs"] ?? 0);
}

/** Takes so many numbers of the mesh's count, under its lock, and returns the first. */
async function takeNumbers(tx: Sql, meshId: string, count: number): Promise<number> {
  const [row] = await tx.rows(
    `INSERT INTO mesh.key_head AS h (mesh_id, key_seq) VALUES ($1, $2::bigint)
     ON CONFLICT (mesh_id) DO UPDATE SET key_seq = h.key_seq + $2::bigint RETURNING key_seq`,
    [meshId, count],
  );
  return Number(row?.["key_seq"]) - count + 1;
}
