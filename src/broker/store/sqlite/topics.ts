import { ClaudemeshError } from "../../../protocol/error.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { readTopic } from "../read-row.ts";
import type { TopicRow } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { addCursor, headOf, requireActive } from "./directory.ts";
import { noteArrival, noteDeparture, noteDepartures } from "./keys.ts";
import { isOpened } from "./opened.ts";

/** The topic that every member of a mesh is subscribed to from joining: broadcast. */
export const systemTopic = "all";

export function createTopic(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; now: number },
): TopicRow {
  return core.transaction(() => {
    requireActive(core, input.mesh_id, input.created_by);
    if (topicByName(core, input.mesh_id, input.name) !== null) {
      throw new ClaudemeshError("already_exists", `the topic #${input.name} exists already`, {
        hint: `claudemesh topic join ${input.name}`,
      });
    }
    const topic = insertTopic(core, input);
    // Only subscribers may send to a topic, so whoever creates it is one.
    openInterval(core, input.mesh_id, input.created_by, topic.topic_id, headOf(core, input.mesh_id));
    return topic;
  });
}

export function deleteTopic(core: StoreCore, meshId: string, name: string, now: number): void {
  core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    core.sql("UPDATE topic SET deleted_at = ? WHERE mesh_id = ? AND topic_id = ?").run(now, meshId, topic.topic_id);
    core
      .sql("UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND topic_id = ? AND last_seq IS NULL")
      .run(headOf(core, meshId), meshId, topic.topic_id);
  });
}

export function topics(core: StoreCore, meshId: string): TopicRow[] {
  return core
    .sql("SELECT * FROM topic WHERE mesh_id = ? AND deleted_at IS NULL ORDER BY name")
    .all(meshId)
    .map(readTopic);
}

export function topicByName(core: StoreCore, meshId: string, name: string): TopicRow | null {
  const row = core.sql("SELECT * FROM topic WHERE mesh_id = ? AND name = ? AND deleted_at IS NULL").get(meshId, name);
  return row === undefined ? null : readTopic(row);
}

export function subscribe(core: StoreCore, meshId: string, memberId: string, name: string): TopicRow {
  return core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    requireActive(core, meshId, memberId);
    if (openIntervalOf(core, meshId, memberId, topic.topic_id) === undefined)
      openInterval(core, meshId, memberId, topic.topic_id, headOf(core, meshId));
    return topic;
  });
}

export function unsubscribe(core: StoreCore, meshId: string, memberId: string, name: string): TopicRow {
  return core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    const { changes } = core
      .sql(
        "UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL",
      )
      .run(headOf(core, meshId), meshId, memberId, topic.topic_id);
    if (changes > 0) noteDeparture(core, meshId, memberId, `topic:${topic.topic_id}`);
    return topic;
  });
}

/** Call inside a transaction. */
export function writeTopicUnsealed(core: StoreCore, topic: TopicRow, unsealed: boolean): TopicRow {
  if (topic.unsealed === unsealed) return topic;
  const through = unsealed ? topic.unsealed_through : headOf(core, topic.mesh_id);
  core
    .sql("UPDATE topic SET unsealed = ?, unsealed_through = ? WHERE mesh_id = ? AND topic_id = ?")
    .run(unsealed ? 1 : 0, through, topic.mesh_id, topic.topic_id);
  return { ...topic, unsealed, unsealed_through: through };
}

export function subscribers(core: StoreCore, meshId: string, topicId: string): string[] {
  return core
    .sql(
      "SELECT member_id FROM subscription WHERE mesh_id = ? AND topic_id = ? AND last_seq IS NULL ORDER BY member_id",
    )
    .all(meshId, topicId)
    .map((row) => String(row["member_id"]));
}

export function insertTopic(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; now: number },
): TopicRow {
  const topicId = newUuidV7(input.now);
  core
    .sql("INSERT INTO topic (mesh_id, topic_id, name, created_by, created_at) VALUES (?, ?, ?, ?, ?)")
    .run(input.mesh_id, topicId, input.name, input.created_by, input.now);
  const { mesh_id, name, now: created_at } = input;
  const topic = { mesh_id, topic_id: topicId, name, created_at, unsealed: false, unsealed_through: 0 };
  return writeTopicUnsealed(core, topic, isOpened(core, mesh_id, `#${name}`));
}

function openIntervalOf(core: StoreCore, meshId: string, memberId: string, topicId: string) {
  return core
    .sql("SELECT first_seq FROM subscription WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL")
    .get(meshId, memberId, topicId);
}

export function openInterval(core: StoreCore, meshId: string, memberId: string, topicId: string, head: number): void {
  // Left and joined again with nothing accepted between: the old interval simply goes on.
  core
    .sql(
      `INSERT INTO subscription (mesh_id, member_id, topic_id, first_seq) VALUES (?, ?, ?, ?)
       ON CONFLICT (mesh_id, member_id, topic_id, first_seq) DO UPDATE SET last_seq = NULL`,
    )
    .run(meshId, memberId, topicId, head);
  addCursor(core, meshId, memberId, `topic:${topicId}`, head);
  noteArrival(core, meshId, memberId, `topic:${topicId}`);
}

/** Its messages up to the head are still the member's. Call inside a transaction. */
export function endSubscriptionsBut(
  core: StoreCore,
  meshId: string,
  memberId: string,
  destinations: readonly string[],
): void {
  const names = [systemTopic, ...destinations.flatMap((name) => (name.startsWith("#") ? [name.slice(1)] : []))];
  const ended = core
    .sql(
      `UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND member_id = ? AND last_seq IS NULL AND topic_id NOT IN (
         SELECT topic_id FROM topic WHERE mesh_id = ? AND deleted_at IS NULL AND name IN (SELECT value FROM json_each(?)))
       RETURNING topic_id`,
    )
    .all(headOf(core, meshId), meshId, memberId, meshId, JSON.stringify(names));
  noteDepartures(core, meshId, memberId, ended);
}

/** Call inside a transaction. */
export function openIntervalOfAll(core: StoreCore, meshId: string, memberId: string, head: number): void {
  const all = topicByName(core, meshId, systemTopic);
  if (all !== null) openInterval(core, meshId, memberId, all.topic_id, head);
}

export function requireTopic(core: StoreCore, meshId: string, name: string): TopicRow {
  const topic = topicByName(core, meshId, name);
  if (topic === null)
    throw new ClaudemeshError("unknown_destination", `no topic "${name}" in this mesh`, {
      hint: "claudemesh topic list",
    });
  return topic;
}
