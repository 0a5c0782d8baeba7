import type { SQLInputValue } from "node:sqlite";
import { limits } from "../../../protocol/limits.ts";
import { readQueue } from "../read-row.ts";
import type { QueueCounts, QueueRow } from "../queue-store.ts";
import { notAMember, queueExists, queueNotEmpty, tooManyQueues, unknownQueue } from "../queue-refusals.ts";
import type { ExpiryNotice } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { headOf, member } from "./directory.ts";
import { keepNotice } from "./upkeep.ts";
import { isOpened } from "./opened.ts";

export function createQueue(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; deliveries_max: number; now: number },
): QueueRow {
  return core.transaction(() => {
    requireActive(core, input.mesh_id, input.created_by);
    if (queueByName(core, input.mesh_id, input.name) !== null) throw queueExists(input.name);
    const { n } = core.sql("SELECT count(*) AS n FROM queue WHERE mesh_id = ?").get(input.mesh_id) ?? {};
    if (Number(n) >= limits.queuesMax) throw tooManyQueues(limits.queuesMax);
    core
      .sql(
        "INSERT INTO queue (mesh_id, name, created_by, created_at, first_seq, deliveries_max) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(input.mesh_id, input.name, input.created_by, input.now, headOf(core, input.mesh_id), input.deliveries_max);
    const queue = requireQueue(core, input.mesh_id, input.name);
    return writeQueueUnsealed(core, queue, isOpened(core, input.mesh_id, `queue:${input.name}`));
  });
}

/** Call inside a transaction. */
export function writeQueueUnsealed(core: StoreCore, queue: QueueRow, unsealed: boolean): QueueRow {
  if (queue.unsealed === unsealed) return queue;
  const through = unsealed ? queue.unsealed_through : headOf(core, queue.mesh_id);
  core
    .sql("UPDATE queue SET unsealed = ?, unsealed_through = ? WHERE mesh_id = ? AND name = ?")
    .run(unsealed ? 1 : 0, through, queue.mesh_id, queue.name);
  return { ...queue, unsealed, unsealed_through: through };
}

export function queues(core: StoreCore, meshId: string): QueueRow[] {
  return core.sql("SELECT * FROM queue WHERE mesh_id = ? ORDER BY name").all(meshId).map(readQueue);
}

export function queueByName(core: StoreCore, meshId: string, name: string): QueueRow | null {
  const row = core.sql("SELECT * FROM queue WHERE mesh_id = ? AND name = ?").get(meshId, name);
  return row === undefined ? null : readQueue(row);
}

/** By time, whether or not a claim has noticed yet which leases are over. Each part is read from a partial index. */
export function countQueue(
  core: StoreCore,
  meshId: string,
  name: string,
  options: { countMax: number; now: number },
): QueueCounts {
  const queue = requireQueue(core, meshId, name);
  const { countMax, now } = options;
  const count = (condition: string, ...values: readonly SQLInputValue[]): number =>
    Number(
      core
        .sql(
          `SELECT count(*) AS n FROM (SELECT 1 FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND ${condition} LIMIT ?)`,
        )
        .get(meshId, name, ...values, countMax)?.["n"],
    );
  const over = "state = 'leased' AND lease_until <= ? AND deliveries";
  const ready = count("state = 'ready' AND available_at <= ?", now);
  const dead = count("state = 'dead'");
  return {
    ready: Math.min(countMax, ready + count(`${over} < ?`, now, queue.deliveries_max)),
    delayed: count("state = 'ready' AND available_at > ?", now),
    leased: count("state = 'leased' AND lease_until > ?", now),
    dead: Math.min(countMax, dead + count(`${over} >= ?`, now, queue.deliveries_max)),
  };
}

export function deleteQueue(
  core: StoreCore,
  meshId: string,
  name: string,
  options: { force: boolean; limit: number; now: number },
): { notices: ExpiryNotice[]; done: boolean } {
  return core.transaction(() => {
    requireQueue(core, meshId, name);
    if (!options.force && holdsMessages(core, meshId, name)) throw queueNotEmpty(name);
    const rows = core
      .sql(
        `SELECT q.seq, q.state, m.sender, m.client_message_id FROM delivery_queue q
           LEFT JOIN message_queue m ON m.mesh_id = q.mesh_id AND m.seq = q.seq
          WHERE q.mesh_id = ? AND q.queue = ? ORDER BY q.seq LIMIT ?`,
      )
      .all(meshId, name, options.limit);
    const notices: ExpiryNotice[] = [];
    for (const row of rows) {
      const seq = Number(row["seq"]);
      core.sql("DELETE FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND seq = ?").run(meshId, name, seq);
      if (row["state"] === "done" || row["sender"] === null) continue;
      const id = row["client_message_id"] === null ? null : String(row["client_message_id"]);
      notices.push({
        to: String(row["sender"]),
        kind: "expired",
        client_message_id: id,
        destination: `queue:${name}`,
        from_seq: seq,
        to_seq: seq,
      });
    }
    for (const notice of notices) keepNotice(core, meshId, notice, options.now);
    const done = rows.length < options.limit;
    if (done) core.sql("DELETE FROM queue WHERE mesh_id = ? AND name = ?").run(meshId, name);
    // Should the broker end before the next part, the queue goes on with what it has left, and owes no row for the rest.
    else
      core
        .sql("UPDATE queue SET first_seq = ? WHERE mesh_id = ? AND name = ?")
        .run(Number(rows.at(-1)?.["seq"]), meshId, name);
    return { notices, done };
  });
}

function holdsMessages(core: StoreCore, meshId: string, name: string): boolean {
  return (["ready", "leased", "dead"] as const).some(
    (state) =>
      core
        .sql(`SELECT 1 AS yes FROM delivery_queue WHERE mesh_id = ? AND queue = ? AND state = '${state}' LIMIT 1`)
        .get(meshId, name) !== undefined,
  );
}

export function requireQueue(core: StoreCore, meshId: string, name: string): QueueRow {
  const queue = queueByName(core, meshId, name);
  if (queue === null) throw unknownQueue(name);
  return queue;
}

export function requireActive(core: StoreCore, meshId: string, memberId: string): void {
  if (member(core, meshId, memberId)?.status !== "active") throw notAMember();
}
