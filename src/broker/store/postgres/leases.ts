import { newLeaseSecret, seqOfLease } from "../lease-id.ts";
import { type LeaseRow, readLease, requireEffective } from "../lease-row.ts";
import { leaseLost, leaseRanOut } from "../queue-refusals.ts";
import type { Claimed, DeadLetter, QueueRow } from "../queue-store.ts";
import { bigintArray, encodeArray, textArray } from "./binary-array.ts";
import type { Row, Sql, StoreCore } from "./core.ts";
import { requireActive, requireQueue } from "./queues.ts";
import { messageColumns, readMessages } from "./reading.ts";

/** Leases that are over and noticed by one call; what is beyond waits for the next. */
const leasesEndedMax = 1_000;
/** What stands beside the envelope where a message is told. */
const rowBytes = 1_024;
/** After a claim that found only what another one had just locked and may leave. */
const lockedRetryMs = 50;

/**
 * Rows that another claim has locked are passed over, so that brokers which claim at once get different messages and none
 * waits for another. Under READ COMMITTED a row is looked at again once it is locked: what was leased meanwhile is not due.
 */
const claimText = `
  WITH due AS MATERIALIZED (
    SELECT q.seq FROM mesh.delivery_queue q
     WHERE q.mesh_id = $1 AND q.queue = $2 AND q.state = 'ready' AND q.available_at <= $3
     ORDER BY q.seq LIMIT $4 FOR UPDATE SKIP LOCKED
  ), sized AS MATERIALIZED (
    SELECT d.seq, sum(octet_length(m.envelope) + ${rowBytes}) OVER (ORDER BY d.seq) AS bytes, row_number() OVER (ORDER BY d.seq) AS place
      FROM due d JOIN mesh.message_queue m ON m.mesh_id = $1 AND m.seq = d.seq
  ), leased AS (
    UPDATE mesh.delivery_queue q
       SET state = 'leased', lease_id = s.seq || '-' || ($5::text[])[s.place], leased_by = $6, lease_until = $7, deliveries = q.deliveries + 1
      FROM sized s WHERE (s.bytes <= $8 OR s.place = 1) AND q.mesh_id = $1 AND q.queue = $2 AND q.seq = s.seq
    RETURNING q.seq, q.lease_id, q.deliveries
  )
  SELECT ${messageColumns}, l.lease_id, l.deliveries FROM leased l JOIN mesh.message_queue m ON m.mesh_id = $1 AND m.seq = l.seq ORDER BY m.seq`;

export async function claim(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  { limit, limitBytes, leaseMs, now }: { limit: number; limitBytes: number; leaseMs: number; now: number },
): Promise<Claimed> {
  const lease_until = now + leaseMs;
  const secrets = encodeArray(textArray, Array.from({ length: limit }, newLeaseSecret));
  const found = await core.transaction(async (tx) => {
    await requireActive(tx, meshId, memberId);
    const queue = await requireQueue(tx, meshId, name);
    const dead = await endLeases(tx, queue, now);
    const rows = await tx.rows(claimText, [meshId, name, now, limit, secrets, memberId, lease_until, limitBytes]);
    return { dead, rows, nextAt: rows.length > 0 ? null : await nextAvailable(tx, queue, now) };
  });
  const messages = await readMessages(core, meshId, found.rows, `queue:${name}`);
  return {
    messages: messages.map((message, index) => ({
      lease_id: String(found.rows[index]?.["lease_id"]),
      lease_until,
      deliveries: Number(found.rows[index]?.["deliveries"]),
      message,
    })),
    dead: found.dead,
    nextAt: found.nextAt,
  };
}

export function ack(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  now: number,
): Promise<{ seq: number }> {
  return core.transaction(async (tx) => {
    const row = await leaseRow(tx, meshId, memberId, name, leaseId);
    // Acknowledged before, and the answer was lost: it is true still.
    if (row.state === "done") return { seq: row.seq };
    requireEffective(row, now);
    await tx.rows(
      `UPDATE mesh.delivery_queue SET state = 'done', lease_until = NULL, ended_at = $4
        WHERE mesh_id = $1 AND queue = $2 AND seq = $3`,
      [meshId, name, row.seq, now],
    );
    return { seq: row.seq };
  });
}

export function nack(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  { delayMs, reason, now }: { delayMs: number; reason: string | null; now: number },
): Promise<{ seq: number; state: "ready" | "dead"; available_at: number }> {
  return core.transaction(async (tx) => {
    const row = await leaseRow(tx, meshId, memberId, name, leaseId);
    requireEffective(row, now);
    const state = row.deliveries >= row.queue.deliveries_max ? "dead" : "ready";
    const available_at = now + delayMs;
    await tx.rows(
      `UPDATE mesh.delivery_queue SET state = $4, lease_id = NULL, lease_until = NULL, available_at = $5, reason = $6, ended_at = $7
        WHERE mesh_id = $1 AND queue = $2 AND seq = $3`,
      [meshId, name, row.seq, state, available_at, reason, state === "dead" ? now : null],
    );
    return { seq: row.seq, state, available_at };
  });
}

export function extend(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  { leaseMs, now }: { leaseMs: number; now: number },
): Promise<{ seq: number; lease_until: number }> {
  return core.transaction(async (tx) => {
    const row = await leaseRow(tx, meshId, memberId, name, leaseId);
    const lease_until = Math.max(requireEffective(row, now), now + leaseMs);
    await tx.rows("UPDATE mesh.delivery_queue SET lease_until = $4 WHERE mesh_id = $1 AND queue = $2 AND seq = $3", [
      meshId,
      name,
      row.seq,
      lease_until,
    ]);
    return { seq: row.seq, lease_until };
  });
}

const deadText = `
  SELECT ${messageColumns}, m.deliveries, m.leased_by, m.died_at, m.reason FROM (
    SELECT l.*, q.deliveries, q.leased_by, coalesce(q.ended_at, q.lease_until) AS died_at,
        CASE WHEN q.ended_at IS NULL THEN '${leaseRanOut}' ELSE q.reason END AS reason,
        sum(octet_length(l.envelope) + ${rowBytes}) OVER (ORDER BY q.seq) AS bytes, row_number() OVER (ORDER BY q.seq) AS place
      FROM (
        (SELECT * FROM mesh.delivery_queue WHERE mesh_id = $1 AND queue = $2 AND state = 'dead' AND seq > $3 ORDER BY seq LIMIT $6)
        UNION ALL
        (SELECT * FROM mesh.delivery_queue
          WHERE mesh_id = $1 AND queue = $2 AND state = 'leased' AND lease_until <= $4 AND deliveries >= $5 AND seq > $3
          ORDER BY seq LIMIT $6)) q
      JOIN mesh.message_queue l ON l.mesh_id = $1 AND l.seq = q.seq) m
   WHERE m.place <= $6 AND (m.bytes <= $7 OR m.place = 1) ORDER BY m.seq`;

export async function deadLetters(
  core: StoreCore,
  meshId: string,
  name: string,
  page: { afterSeq: number; limit: number; limitBytes: number; now: number },
): Promise<DeadLetter[]> {
  const queue = await requireQueue(core, meshId, name);
  const values = [meshId, name, page.afterSeq, page.now, queue.deliveries_max, page.limit, page.limitBytes];
  const rows = await core.rows(deadText, values);
  const messages = await readMessages(core, meshId, rows, `queue:${name}`);
  return messages.map((message, index) => {
    const row: Row = rows[index] ?? {};
    return {
      deliveries: Number(row["deliveries"]),
      reason: row["reason"] === null ? null : String(row["reason"]),
      died_at: Number(row["died_at"]),
      claimed_by: String(row["leased_by"]),
      message,
    };
  });
}

/** In the order of the sequence numbers, so that two who do this at once wait for each other and do not lock each other out. */
const requeueText = `
  WITH due AS MATERIALIZED (
    SELECT q.seq FROM mesh.delivery_queue q
     WHERE q.mesh_id = $1 AND q.queue = $2 AND q.state = 'dead' AND ($3::bigint[] IS NULL OR q.seq = ANY ($3)) ORDER BY q.seq LIMIT $4 FOR UPDATE
  )
  UPDATE mesh.delivery_queue q SET state = 'ready', deliveries = 0, available_at = $5, reason = NULL, ended_at = NULL
    FROM due WHERE q.mesh_id = $1 AND q.queue = $2 AND q.seq = due.seq RETURNING q.seq`;

export function requeueDead(
  core: StoreCore,
  meshId: string,
  name: string,
  { seqs, limit, now }: { seqs: readonly number[] | null; limit: number; now: number },
): Promise<number> {
  return core.transaction(async (tx) => {
    await endLeases(tx, await requireQueue(tx, meshId, name), now);
    const named = seqs === null ? null : encodeArray(bigintArray, seqs);
    return (await tx.rows(requeueText, [meshId, name, named, seqs?.length ?? limit, now])).length;
  });
}

const endText = (assignments: string, comparison: string): string => `
  WITH over AS MATERIALIZED (
    SELECT q.seq FROM mesh.delivery_queue q
     WHERE q.mesh_id = $1 AND q.queue = $2 AND q.state = 'leased' AND q.lease_until <= $3 AND q.deliveries ${comparison} $4
     ORDER BY q.lease_until LIMIT ${leasesEndedMax} FOR UPDATE SKIP LOCKED
  )
  UPDATE mesh.delivery_queue q SET lease_id = NULL, lease_until = NULL, ${assignments}
    FROM over WHERE q.mesh_id = $1 AND q.queue = $2 AND q.seq = over.seq RETURNING q.seq`;
const diedText = endText(`state = 'dead', reason = '${leaseRanOut}', ended_at = q.lease_until`, ">=");
const givenBackText = endText("state = 'ready', available_at = q.lease_until", "<");

/** Notices leases that are over: their messages are available again, or dead letters. Returns how many died. */
async function endLeases(tx: Sql, queue: QueueRow, now: number): Promise<number> {
  const values = [queue.mesh_id, queue.name, now, queue.deliveries_max];
  const dead = await tx.rows(diedText, values);
  await tx.rows(givenBackText, values);
  return dead.length;
}

const nextText = `
  SELECT least(
    (SELECT min(q.available_at) FROM mesh.delivery_queue q
      WHERE q.mesh_id = $1 AND q.queue = $2 AND q.state = 'ready' AND q.available_at > $3),
    (SELECT min(q.lease_until) FROM mesh.delivery_queue q
      WHERE q.mesh_id = $1 AND q.queue = $2 AND q.state = 'leased' AND q.lease_until > $3),
    CASE WHEN EXISTS (
      SELECT 1 FROM mesh.delivery_queue q JOIN mesh.message_queue m ON m.mesh_id = $1 AND m.seq = q.seq
       WHERE q.mesh_id = $1 AND q.queue = $2 AND (q.state = 'ready' AND q.available_at <= $3 OR q.state = 'leased' AND q.lease_until <= $3)
    ) THEN $3::bigint + ${lockedRetryMs} END) AS at`;

async function nextAvailable(tx: Sql, queue: QueueRow, now: number): Promise<number | null> {
  const [row] = await tx.rows(nextText, [queue.mesh_id, queue.name, now]);
  return row === undefined || row["at"] === null ? null : Number(row["at"]);
}

/** The row whose newest lease is the shown one and the member's own, locked. */
async function leaseRow(tx: Sql, meshId: string, memberId: string, name: string, leaseId: string): Promise<LeaseRow> {
  await requireActive(tx, meshId, memberId);
  const queue = await requireQueue(tx, meshId, name);
  const seq = seqOfLease(leaseId);
  if (seq === null) throw leaseLost();
  const [row] = await tx.rows(
    `SELECT state, deliveries, lease_until FROM mesh.delivery_queue
      WHERE mesh_id = $1 AND queue = $2 AND seq = $3 AND lease_id = $4 AND leased_by = $5 FOR UPDATE`,
    [meshId, name, seq, leaseId, memberId],
  );
  if (row === undefined) throw leaseLost();
  return readLease(queue, seq, row);
}
