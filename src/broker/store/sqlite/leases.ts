import type { SQLInputValue } from "node:sqlite";
import { type LeaseRow, readLease, requireEffective } from "../lease-row.ts";
import { newLeaseId, seqOfLease } from "../lease-id.ts";
import { leaseLost, leaseRanOut } from "../queue-refusals.ts";
import type { Claimed, ClaimedMessage, DeadLetter, QueueRow } from "../queue-store.ts";
import type { StoreCore } from "./core.ts";
import { requireActive, requireQueue } from "./queues.ts";
import { readMessage } from "./reading.ts";

/** Leases that are over and noticed by one call; what is beyond waits for the next. */
const leasesEndedMax = 1_000;

export function claim(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  options: { limit: number; limitBytes: number; leaseMs: number; now: number },
): Claimed {
  const { now, leaseMs } = options;
  return core.transaction(() => {
    requireActive(core, meshId, memberId);
    const queue = requireQueue(core, meshId, name);
    const dead = endLeases(core, queue, now);
    const rows = core
      .sql(
        `SELECT m.*, q.deliveries FROM delivery_queue q JOIN message_queue m ON m.mesh_id = q.mesh_id AND m.seq = q.seq
          WHERE q.mesh_id = ? AND q.queue = ? AND q.state = 'ready' AND q.available_at <= ? ORDER BY q.seq LIMIT ?`,
      )
      .iterate(meshId, name, now, options.limit);
    const messages: ClaimedMessage[] = within(rows, options.limitBytes).map((row) => {
      const seq = Number(row["seq"]);
      return {
        lease_id: newLeaseId(seq),
        lease_until: now + leaseMs,
        deliveries: Number(row["deliveries"]) + 1,
        message: readMessage(core, meshId, row, `queue:${name}`),
      };
    });
    for (const { message, lease_id, lease_until, deliveries } of messages) {
      core
        .sql(
          `UPDATE delivery_queue SET state = 'leased', lease_id = ?, leased_by = ?, lease_until = ?, deliveries = ?
            WHERE mesh_id = ? AND queue = ? AND seq = ?`,
        )
        .run(lease_id, memberId, lease_until, deliveries, meshId, name, message.seq);
    }
    return { messages, dead, nextAt: messages.length > 0 ? null : nextAvailable(core, meshId, name, now) };
  });
}

export function ack(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  now: number,
): { seq: number } {
  return core.transaction(() => {
    const row = leaseRow(core, meshId, memberId, name, leaseId);
    // Acknowledged before, and the answer was lost: it is true still.
    if (row.state === "done") return { seq: row.seq };
    requireEffective(row, now);
    core
      .sql(
        "UPDATE delivery_queue SET state = 'done', lease_until = NULL, ended_at = ? WHERE mesh_id = ? AND queue = ? AND seq = ?",
      )
      .run(now, meshId, name, row.seq);
    return { seq: row.seq };
  });
}

export function nack(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  options: { delayMs: number; reason: string | null; now: number },
): { seq: number; state: "ready" | "dead"; available_at: number } {
  const { delayMs, reason, now } = options;
  return core.transaction(() => {
    const row = leaseRow(core, meshId, memberId, name, leaseId);
    requireEffective(row, now);
    const state = row.deliveries >= row.queue.deliveries_max ? "dead" : "ready";
    const available_at = now + delayMs;
    core
      .sql(
        `UPDATE delivery_queue SET state = ?, lease_id = NULL, lease_until = NULL, available_at = ?, reason = ?, ended_at = ?
          WHERE mesh_id = ? AND queue = ? AND seq = ?`,
      )
      .run(state, available_at, reason, state === "dead" ? now : null, meshId, name, row.seq);
    return { seq: row.seq, state, available_at };
  });
}

export function extend(
  core: StoreCore,
  meshId: string,
  memberId: string,
  name: string,
  leaseId: string,
  options: { leaseMs: number; now: number },
): { seq: number; lease_until: number } {
  const { leaseMs, now } = options;
  return core.transaction(() => {
    const row = leaseRow(core, meshId, memberId, name, leaseId);
    const lease_until = Math.max(requireEffective(row, now), now + leaseMs);
    core
      .sql("UPDATE delivery_queue SET lease_until = ? WHERE mesh_id = ? AND queue = ? AND seq = ?")
      .run(lease_until, meshId, name, row.seq);
    return { seq: row.seq, lease_until };
  });
}

export function deadLetters(
  core: StoreCore,
  meshId: string,
  name: string,
  page: { afterSeq: number; limit: number; limitBytes: number; now: number },
): DeadLetter[] {
  const queue = requireQueue(core, meshId, name);
  const rows = core
    .sql(
      `SELECT m.*, q.deliveries, q.leased_by, q.lease_until, q.ended_at, q.reason
         FROM (SELECT * FROM delivery_queue WHERE mesh_id = ?1 AND queue = ?2 AND state = 'dead' AND seq > ?3
               UNION ALL SELECT * FROM delivery_queue
                WHERE mesh_id = ?1 AND queue = ?2 AND state = 'leased' AND lease_until <= ?4 AND deliveries >= ?5 AND seq > ?3) q
         JOIN message_queue m ON m.mesh_id = q.mesh_id AND m.seq = q.seq ORDER BY q.seq LIMIT ?6`,
    )
    .iterate(meshId, name, page.afterSeq, page.now, queue.deliveries_max, page.limit);
  return within(rows, page.limitBytes).map((row) => {
    const noticed = row["ended_at"] !== null;
    return {
      deliveries: Number(row["deliveries"]),
      reason: noticed ? textOrNull(row["reason"]) : leaseRanOut,
      died_at: Number(noticed ? row["ended_at"] : row["lease_until"]),
      claimed_by: String(row["leased_by"]),
      message: readMessage(core, meshId, row, `queue:${name}`),
    };
  });
}

export function requeueDead(
  core: StoreCore,
  meshId: string,
  name: string,
  options: { seqs: readonly number[] | null; limit: number; now: number },
): number {
  return core.transaction(() => {
    endLeases(core, requireQueue(core, meshId, name), options.now);
    const seqs =
      options.seqs ??
      core
        .sql("SELECT seq FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND state = 'dead' ORDER BY seq LIMIT ?")
        .all(meshId, name, options.limit)
        .map((row) => Number(row["seq"]));
    let requeued = 0;
    for (const seq of seqs) {
      requeued += Number(
        core
          .sql(
            `UPDATE delivery_queue SET state = 'ready', deliveries = 0, available_at = ?, reason = NULL, ended_at = NULL
              WHERE mesh_id = ? AND queue = ? AND seq = ? AND state = 'dead'`,
          )
          .run(options.now, meshId, name, seq).changes,
      );
    }
    return requeued;
  });
}

/** Notices leases that are over: their messages are available again, or dead letters. Returns how many died. */
function endLeases(core: StoreCore, queue: QueueRow, now: number): number {
  const over = `SELECT seq FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND state = 'leased' AND lease_until <= ?
    AND deliveries %s ? ORDER BY lease_until LIMIT ${leasesEndedMax}`;
  const end = (assignments: string, comparison: string): number =>
    Number(
      core
        .sql(
          `UPDATE delivery_queue SET lease_id = NULL, ${assignments}
            WHERE mesh_id = ? AND queue = ? AND seq IN (${over.replace("%s", comparison)})`,
        )
        .run(queue.mesh_id, queue.name, queue.mesh_id, queue.name, now, queue.deliveries_max).changes,
    );
  const dead = end(`state = 'dead', reason = '${leaseRanOut}', ended_at = lease_until, lease_until = NULL`, ">=");
  end("state = 'ready', available_at = lease_until, lease_until = NULL", "<");
  return dead;
}

function nextAvailable(core: StoreCore, meshId: string, name: string, now: number): number | null {
  const row = core
    .sql(
      `SELECT min(at) AS at FROM (
         SELECT min(available_at) AS at FROM delivery_queue
          WHERE mesh_id = ?1 AND queue = ?2 AND state = 'ready' AND available_at > ?3
         UNION ALL SELECT min(lease_until) FROM delivery_queue
          WHERE mesh_id = ?1 AND queue = ?2 AND state = 'leased' AND lease_until > ?3)`,
    )
    .get(meshId, name, now);
  return row === undefined || row["at"] === null ? null : Number(row["at"]);
}

/** The row whose newest lease is the shown one and the member's own. */
function leaseRow(core: StoreCore, meshId: string, memberId: string, name: string, leaseId: string): LeaseRow {
  requireActive(core, meshId, memberId);
  const queue = requireQueue(core, meshId, name);
  const seq = seqOfLease(leaseId);
  const row =
    seq === null
      ? undefined
      : core
          .sql(
            `SELECT state, deliveries, lease_until FROM delivery_queue
              WHERE mesh_id = ? AND queue = ? AND seq = ? AND lease_id = ? AND leased_by = ?`,
          )
          .get(meshId, name, seq, leaseId, memberId);
  if (seq === null || row === undefined) throw leaseLost();
  return readLease(queue, seq, row);
}

/** The first rows that are about so many bytes; one at least, however large: a message alone must never hold up its queue. */
function within(rows: Iterable<Record<string, SQLInputValue>>, bytesMax: number): Record<string, SQLInputValue>[] {
  const taken: Record<string, SQLInputValue>[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(String(row["envelope"])) + rowBytes;
    if (taken.length > 0 && bytes > bytesMax) break;
    taken.push(row);
  }
  return taken;
}

/** What stands beside the envelope where a message is told. */
const rowBytes = 1_024;

function textOrNull(value: SQLInputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
