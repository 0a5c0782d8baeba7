import { ClaudemeshError } from "../../../protocol/error.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { readTopic } from "../read-row.ts";
import type { TopicRow } from "../store.ts";
import { encodeArray, textArray } from "./binary-array.ts";
import type { Sql, StoreCore } from "./core.ts";
import { requireActive } from "./directory.ts";
import { noteArrival, noteDeparture, noteDepartures } from "./keys.ts";
import { uuidOrNone } from "./uuid.ts";
import { isOpened } from "./opened.ts";

/** The topic that every member of a mesh is subscribed to from joining: broadcast. */
export const systemTopic = "all";

const topicColumns = "mesh_id, topic_id, name, created_at, unsealed, unsealed_through";

export function createTopic(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; now: number },
): Promise<TopicRow> {
  return core.locked(input.mesh_id, async (tx, head) => {
    await requireActive(tx, input.mesh_id, input.created_by);
    if ((await topicByName(tx, input.mesh_id, input.name)) !== null) {
      throw new ClaudemeshError("already_exists", `the topic #${input.name} exists already`, {
        hint: `claudemesh topic join ${input.name}`,
      });
    }
    const topic = await insertTopic(tx, input);
    // Only subscribers may send to a topic, so whoever creates it is one.
    await openInterval(tx, input.mesh_id, input.created_by, topic.topic_id, head.seq);
    return topic;
  });
}

export function deleteTopic(core: StoreCore, meshId: string, name: string, now: number): Promise<void> {
  return core.locked(meshId, async (tx, head) => {
    const topic = await requireTopic(tx, meshId, name);
    await tx.rows("UPDATE mesh.topic SET deleted_at = $3 WHERE mesh_id = $1 AND topic_id = $2", [
      meshId,
      topic.topic_id,
      now,
    ]);
    await tx.rows(
      "UPDATE mesh.subscription SET last_seq = $3 WHERE mesh_id = $1 AND topic_id = $2 AND last_seq IS NULL",
      [meshId, topic.topic_id, head.seq],
    );
  });
}

export async function topics(core: StoreCore, meshId: string): Promise<TopicRow[]> {
  const rows = await core.rows(
    `SELECT ${topicColumns} FROM mesh.topic WHERE mesh_id = $1 AND deleted_at IS NULL ORDER BY name`,
    [meshId],
  );
  return rows.map(readTopic);
}

export async function topicByName(sql: Sql, meshId: string, name: string): Promise<TopicRow | null> {
  const [row] = await sql.rows(
    `SELECT ${topicColumns} FROM mesh.topic WHERE mesh_id = $1 AND name = $2 AND deleted_at IS NULL`,
    [meshId, name],
  );
  return row === undefined ? null : readTopic(row);
}

export function subscribe(core: StoreCore, meshId: string, memberId: string, name: string): Promise<TopicRow> {
  return core.locked(meshId, async (tx, head) => {
    const topic = await requireTopic(tx, meshId, name);
    await requireActive(tx, meshId, memberId);
    const open = await tx.rows(
      "SELECT 1 AS yes FROM mesh.subscription WHERE mesh_id = $1 AND member_id = $2 AND topic_id = $3 AND last_seq IS NULL",
      [meshId, memberId, topic.topic_id],
    );
    if (open.length === 0) await openInterval(tx, meshId, memberId, topic.topic_id, head.seq);
    return topic;
  });
}

export function unsubscribe(core: StoreCore, meshId: string, memberId: string, name: string): Promise<TopicRow> {
  return core.locked(meshId, async (tx, head) => {
    const topic = await requireTopic(tx, meshId, name);
    const ended = await tx.rows(
      `UPDATE mesh.subscription SET last_seq = $4
        WHERE mesh_id = $1 AND member_id = $2 AND topic_id = $3 AND last_seq IS NULL RETURNING 1`,
      [meshId, memberId, topic.topic_id, head.seq],
    );
    if (ended.length > 0) await noteDeparture(tx, meshId, memberId, `topic:${topic.topic_id}`);
    return topic;
  });
}

/** Call it under the mesh's lock. */
export async function writeTopicUnsealed(tx: Sql, topic: TopicRow, unsealed: boolean, head: number): Promise<TopicRow> {
  if (topic.unsealed === unsealed) return topic;
  const through = unsealed ? topic.unsealed_through : head;
  await tx.rows("UPDATE mesh.topic SET unsealed = $3, unsealed_through = $4 WHERE mesh_id = $1 AND topic_id = $2", [
    topic.mesh_id,
    topic.topic_id,
    unsealed,
    through,
  ]);
  return { ...topic, unsealed, unsealed_through: through };
}

export async function subscribers(core: StoreCore, meshId: string, topicId: string): Promise<string[]> {
  const rows = await core.rows(
    "SELECT member_id FROM mesh.subscription WHERE mesh_id = $1 AND topic_id = $2 AND last_seq IS NULL ORDER BY member_id",
    [meshId, uuidOrNone(topicId)],
  );
  return rows.map((row) => String(row["member_id"]));
}

/** Call it under the mesh's lock, or while the mesh is not yet to be seen. */
export async function insertTopic(
  tx: Sql,
  input: { mesh_id: string; name: string; created_by: string; now: number },
): Promise<TopicRow> {
  const topicId = newUuidV7(input.now);
  await tx.rows(
    "INSERT INTO mesh.topic (mesh_id, topic_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, $5)",
    [input.mesh_id, topicId, input.name, input.created_by, input.now],
  );
  const { mesh_id, name, now: created_at } = input;
  const topic = { mesh_id, topic_id: topicId, name, created_at, unsealed: false, unsealed_through: 0 };
  return (await isOpened(tx, mesh_id, `#${name}`)) ? writeTopicUnsealed(tx, topic, true, 0) : topic;
}

/** From the mesh's head, under its lock. Left and joined again with nothing accepted between: the old interval simply goes on. */
export async function openInterval(
  tx: Sql,
  meshId: string,
  memberId: string,
  topicId: string,
  head: number,
): Promise<void> {
  await tx.rows(
    `INSERT INTO mesh.subscription (mesh_id, member_id, topic_id, first_seq) VALUES ($1, $2, $3, $4)
     ON CONFLICT (mesh_id, member_id, topic_id, first_seq) DO UPDATE SET last_seq = NULL`,
    [meshId, memberId, topicId, head],
  );
  await tx.rows(
    "INSERT INTO mesh.cursor (mesh_id, member_id, destination, seq) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    [meshId, memberId, `topic:${topicId}`, head],
  );
  await noteArrival(tx, meshId, memberId, `topic:${topicId}`);
}

/** Its messages up to the head are still the member's. Call it under the mesh's lock. */
export async function endSubscriptionsBut(
  tx: Sql,
  meshId: string,
  memberId: string,
  destinations: readonly string[],
  head: number,
): Promise<void> {
  const names = [systemTopic, ...destinations.flatMap((name) => (name.startsWith("#") ? [name.slice(1)] : []))];
  const ended = await tx.rows(
    `UPDATE mesh.subscription SET last_seq = $3 WHERE mesh_id = $1 AND member_id = $2 AND last_seq IS NULL AND topic_id NOT IN (
       SELECT topic_id FROM mesh.topic WHERE mesh_id = $1 AND deleted_at IS NULL AND name = ANY ($4::text[]))
     RETURNING topic_id`,
    [meshId, memberId, head, encodeArray(textArray, names)],
  );
  await noteDepartures(tx, meshId, memberId, ended);
}

/** Call it under the mesh's lock, or while the mesh is not yet to be seen. */
export async function openIntervalOfAll(tx: Sql, meshId: string, memberId: string, head: number): Promise<void> {
  const all = await topicByName(tx, meshId, systemTopic);
  if (all !== null) await openInterval(tx, meshId, memberId, all.topic_id, head);
}

async function requireTopic(tx: Sql, meshId: string, name: string): Promise<TopicRow> {
  const topic = await topicByName(tx, meshId, name);
  if (topic === null)
    throw new ClaudemeshError("unknown_destination", `no topic "${name}" in this mesh`, {
      hint: "claudemesh topic list",
    });
  return topic;
}
