import { limits } from "../../../protocol/limits.ts";
import { readNotice, readQueue } from "../read-row.ts";
import type { QueueCounts, QueueRow } from "../queue-store.ts";
import { notAMember, queueExists, queueNotEmpty, tooManyQueues, unknownQueue } from "../queue-refusals.ts";
import type { ExpiryNotice } from "../store.ts";
import type { Sql, StoreCore } from "./core.ts";
import { member } from "./directory.ts";
import { isOpened } from "./opened.ts";

const queueColumns = "mesh_id, name, created_by, created_at, deliveries_max, unsealed, unsealed_through";

/** Under the mesh's lock, as accepting: nothing is accepted into a queue that is gone. */
export function createQueue(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; deliveries_max: number; now: number },
): Promise<QueueRow> {
  const { mesh_id, name, created_by, deliveries_max, now } = input;
  return core.locked(mesh_id, async (tx, head) => {
    await requireActive(tx, mesh_id, created_by);
    if ((await queueByName(tx, mesh_id, name)) !== null) throw queueExists(name);
    const [count] = await tx.rows("SELECT count(*) AS n FROM mesh.queue WHERE mesh_id = $1", [mesh_id]);
    if (Number(count?.["n"]) >= limits.queuesMax) throw tooManyQueues(limits.queuesMax);
    await tx.rows(
      `INSERT INTO mesh.queue (mesh_id, name, created_by, created_at, first_seq, deliveries_max)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [mesh_id, name, created_by, now, head.seq, deliveries_max],
    );
    const queue = { mesh_id, name, created_by, created_at: now, deliveries_max, unsealed: false, unsealed_through: 0 };
    return (await isOpened(tx, mesh_id, `queue:${name}`)) ? writeQueueUnsealed(tx, queue, true, head.seq) : queue;
  });
}

/** Call it under the mesh's lock. */
export async function writeQueueUnsealed(tx: Sql, queue: QueueRow, unsealed: boolean, head: number): Promise<QueueRow> {
  if (queue.unsealed === unsealed) return queue;
  const through = unsealed ? queue.unsealed_through : head;
  await tx.rows("UPDATE mesh.queue SET unsealed = $3, unsealed_through = $4 WHERE mesh_id = $1 AND name = $2", [
    queue.mesh_id,
    queue.name,
    unsealed,
    through,
  ]);
  return { ...queue, unsealed, unsealed_through: through };
}

export async function queues(core: StoreCore, meshId: string): Promise<QueueRow[]> {
  const rows = await core.rows(`SELECT ${queueColumns} FROM mesh.queue WHERE mesh_id = $1 ORDER BY name`, [meshId]);
  return rows.map(readQueue);
}

export async function queueByName(sql: Sql, meshId: string, name: string): Promise<QueueRow | null> {
  const [row] = await sql.rows(`SELECT ${queueColumns} FROM mesh.queue WHERE mesh_id = $1 AND name = $2`, [
    meshId,
    name,
  ]);
  return row === undefined ? null : readQueue(row);
}

const countsText = `
  SELECT ${[
    ["ready", "state = 'ready' AND available_at <= $3"],
    ["delayed", "state = 'ready' AND available_at > $3"],
    ["leased", "state = 'leased' AND lease_until > $3"],
    ["dead", "state = 'dead'"],
    ["given_back", "state = 'leased' AND lease_until <= $3 AND deliveries < $4"],
    ["died", "state = 'leased' AND lease_until <= $3 AND deliveries >= $4"],
  ]
    .map(
      ([name, condition]) =>
        `(SELECT count(*) FROM (SELECT 1 FROM mesh.delivery_queue WHERE mesh_id = $1 AND queue = $2 AND ${condition} LIMIT $5) c) AS ${name}`,
    )
    .join(", ")}`;

/** By time, whether or not a claim has noticed yet which leases are over. Each part is read from a partial index. */
export async function countQueue(
  core: StoreCore,
  meshId: string,
  name: string,
  { countMax, now }: { countMax: number; now: number },
): Promise<QueueCounts> {
  const queue = await requireQueue(core, meshId, name);
  const [row] = await core.rows(countsText, [meshId, name, now, queue.deliveries_max, countMax]);
  const count = (column: string): number => Number(row?.[column]);
  return {
    ready: Math.min(countMax, count("ready") + count("given_back")),
    delayed: count("delayed"),
    leased: count("leased"),
    dead: Math.min(countMax, count("dead") + count("died")),
  };
}

/** A consumer that has locked a row is waited for: what it acknowledges in this moment is done and nobody is told of it. */
const removeText = `
  WITH part AS MATERIALIZED (
    SELECT q.seq FROM mesh.delivery_queue q WHERE q.mesh_id = $1 AND q.queue = $2 ORDER BY q.seq LIMIT $3 FOR UPDATE
  ), gone AS (
    DELETE FROM mesh.delivery_queue q USING part WHERE q.mesh_id = $1 AND q.queue = $2 AND q.seq = part.seq
    RETURNING q.seq, q.state
  ), told AS (
    INSERT INTO mesh.notice (mesh_id, member, kind, client_message_id, destination, from_seq, to_seq, kept_at)
    SELECT $1, m.sender, 'expired', m.client_message_id, m.destination, m.seq, m.seq, $4
      FROM gone JOIN mesh.message_queue m ON m.mesh_id = $1 AND m.seq = gone.seq
     WHERE gone.state <> 'done' ORDER BY m.seq
    RETURNING member, kind, client_message_id, destination, from_seq, to_seq
  )
  SELECT part.seq, told.* FROM part LEFT JOIN told ON told.from_seq = part.seq ORDER BY part.seq`;

const holdsText = `SELECT ${["ready", "leased", "dead"]
  .map((state) => `EXISTS (SELECT 1 FROM mesh.delivery_queue WHERE mesh_id = $1 AND queue = $2 AND state = '${state}')`)
  .join(" OR ")} AS holds`;

export function deleteQueue(
  core: StoreCore,
  meshId: string,
  name: string,
  { force, limit, now }: { force: boolean; limit: number; now: number },
): Promise<{ notices: ExpiryNotice[]; done: boolean }> {
  return core.locked(meshId, async (tx) => {
    await requireQueue(tx, meshId, name);
    if (!force) {
      const [found] = await tx.rows(holdsText, [meshId, name]);
      if (found?.["holds"] === true) throw queueNotEmpty(name);
    }
    const rows = await tx.rows(removeText, [meshId, name, limit, now]);
    const done = rows.length < limit;
    if (done) await tx.rows("DELETE FROM mesh.queue WHERE mesh_id = $1 AND name = $2", [meshId, name]);
    // Should the broker end before the next part, the queue goes on with what it has left, and owes no row for the rest.
    else
      await tx.rows("UPDATE mesh.queue SET first_seq = $3 WHERE mesh_id = $1 AND name = $2", [
        meshId,
        name,
        Number(rows.at(-1)?.["seq"]),
      ]);
    return { notices: rows.filter((row) => row["member"] !== null).map(readNotice), done };
  });
}

export async function requireQueue(sql: Sql, meshId: string, name: string): Promise<QueueRow> {
  const queue = await queueByName(sql, meshId, name);
  if (queue === null) throw unknownQueue(name);
  return queue;
}

export async function requireActive(sql: Sql, meshId: string, memberId: string): Promise<void> {
  if ((await member(sql, meshId, memberId))?.status !== "active") throw notAMember();
}
