import type { SQLInputValue } from "node:sqlite";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import type { TopicRow } from "../store.ts";
import { headOf, type StoreCore } from "./core.ts";

/** The topic that every member of a mesh is subscribed to from joining: broadcast. */
export const systemTopic = "all";

export function createTopic(core: StoreCore, input: { mesh_id: string; name: string; created_by: string; now: number }): TopicRow {
  return core.transaction(() => {
    headOf(core, input.mesh_id);
    if (topicByName(core, input.mesh_id, input.name) !== null) {
      throw new ClaudemeshError("already_exists", `the topic #${input.name} exists already`, { hint: `claudemesh topic join ${input.name}` });
    }
    return insertTopic(core, input);
  });
}

/** Subscriptions end at the head, what they hold is still delivered, and the name is free again. */
export function deleteTopic(core: StoreCore, meshId: string, name: string, now: number): void {
  core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    if (topic.name === systemTopic) throw new ClaudemeshError("invalid_field", `#${systemTopic} belongs to the mesh and stays`);
    core.sql("UPDATE topic SET deleted_at = ? WHERE mesh_id = ? AND topic_id = ?").run(now, meshId, topic.topic_id);
    endIntervals(core, meshId, { topicId: topic.topic_id });
  });
}

export function topics(core: StoreCore, meshId: string): TopicRow[] {
  return core.sql("SELECT * FROM topic WHERE mesh_id = ? AND deleted_at IS NULL ORDER BY name").all(meshId).map(readTopic);
}

export function topicByName(core: StoreCore, meshId: string, name: string): TopicRow | null {
  const row = core.sql("SELECT * FROM topic WHERE mesh_id = ? AND name = ? AND deleted_at IS NULL").get(meshId, name);
  return row === undefined ? null : readTopic(row);
}

export function subscribe(core: StoreCore, meshId: string, memberId: string, name: string): TopicRow {
  return core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    const active = core.sql("SELECT 1 AS yes FROM member WHERE mesh_id = ? AND member_id = ? AND status = 'active'").get(meshId, memberId);
    if (active === undefined) throw new ClaudemeshError("not_a_member", "no such member in this mesh");
    if (!isSubscribed(core, meshId, memberId, topic.topic_id)) openInterval(core, meshId, memberId, topic.topic_id, headOf(core, meshId));
    return topic;
  });
}

export function unsubscribe(core: StoreCore, meshId: string, memberId: string, name: string): TopicRow {
  return core.transaction(() => {
    const topic = requireTopic(core, meshId, name);
    endIntervals(core, meshId, { topicId: topic.topic_id, memberId });
    return topic;
  });
}

export function subscribers(core: StoreCore, meshId: string, topicId: string): string[] {
  return core
    .sql("SELECT member_id FROM subscription WHERE mesh_id = ? AND topic_id = ? AND last_seq IS NULL ORDER BY member_id")
    .all(meshId, topicId)
    .map((row) => String(row["member_id"]));
}

export function isSubscribed(core: StoreCore, meshId: string, memberId: string, topicId: string): boolean {
  return core
    .sql("SELECT 1 AS yes FROM subscription WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL")
    .get(meshId, memberId, topicId) !== undefined;
}

export function insertTopic(core: StoreCore, input: { mesh_id: string; name: string; created_by: string; now: number }): TopicRow {
  const topicId = newUuidV7(input.now);
  core
    .sql("INSERT INTO topic (mesh_id, topic_id, name, created_by, created_at) VALUES (?, ?, ?, ?, ?)")
    .run(input.mesh_id, topicId, input.name, input.created_by, input.now);
  return { mesh_id: input.mesh_id, topic_id: topicId, name: input.name, created_at: input.now };
}

/** A cursor that still owes something of an earlier interval stays; without one it begins at the head. */
export function openInterval(core: StoreCore, meshId: string, memberId: string, topicId: string, head: number): void {
  addCursor(core, meshId, memberId, `topic:${topicId}`, head);
  // Left and joined again with nothing accepted between: the old interval simply goes on.
  const continued = core
    .sql("UPDATE subscription SET last_seq = NULL WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq = ?")
    .run(meshId, memberId, topicId, head);
  if (continued.changes === 0) {
    core.sql("INSERT INTO subscription (mesh_id, member_id, topic_id, first_seq) VALUES (?, ?, ?, ?)").run(meshId, memberId, topicId, head);
  }
}

/** Ends the open intervals of a topic, of a member, or of both, at the head. */
export function endIntervals(core: StoreCore, meshId: string, whose: { topicId?: string; memberId?: string }): void {
  const head = headOf(core, meshId);
  core
    .sql(
      `UPDATE subscription SET last_seq = ?4
        WHERE mesh_id = ?1 AND topic_id = coalesce(?2, topic_id) AND member_id = coalesce(?3, member_id) AND last_seq IS NULL`,
    )
    .run(meshId, whose.topicId ?? null, whose.memberId ?? null, head);
  // Joined and left with nothing accepted between: nothing remains of it.
  dropIntervals(core, meshId, whose, 0);
}

/** Forgets ended intervals that hold nothing above `prunedSeq`, and with the last of a topic its cursor. */
export function dropIntervals(core: StoreCore, meshId: string, whose: { topicId?: string; memberId?: string }, prunedSeq: number): void {
  const dropped = core
    .sql(
      `DELETE FROM subscription WHERE mesh_id = ?1 AND topic_id = coalesce(?2, topic_id) AND member_id = coalesce(?3, member_id)
         AND last_seq <= max(first_seq, ?4)`,
    )
    .run(meshId, whose.topicId ?? null, whose.memberId ?? null, prunedSeq);
  if (dropped.changes === 0) return;
  core
    .sql(
      `DELETE FROM cursor WHERE mesh_id = ?1 AND member_id = coalesce(?2, member_id) AND destination <> 'dm' AND NOT EXISTS
         (SELECT 1 FROM subscription s WHERE s.mesh_id = cursor.mesh_id AND s.member_id = cursor.member_id AND s.topic_id = substr(cursor.destination, 7))`,
    )
    .run(meshId, whose.memberId ?? null);
}

export function addCursor(core: StoreCore, meshId: string, memberId: string, destination: string, seq: number): void {
  core.sql("INSERT INTO cursor (mesh_id, member_id, destination, seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING").run(meshId, memberId, destination, seq);
}

function requireTopic(core: StoreCore, meshId: string, name: string): TopicRow {
  const topic = topicByName(core, meshId, name);
  if (topic === null) throw new ClaudemeshError("unknown_destination", `no topic "${name}" in this mesh`, { hint: "claudemesh topic list" });
  return topic;
}

function readTopic(row: Record<string, SQLInputValue>): TopicRow {
  return { mesh_id: String(row["mesh_id"]), topic_id: String(row["topic_id"]), name: String(row["name"]), created_at: Number(row["created_at"]) };
}
