import type { SQLInputValue } from "node:sqlite";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import { noActiveMember } from "../member-refusals.ts";
import type { MemberRow, MeshRow, RaisedLink, TopicRow } from "../store.ts";
import type { StoreCore } from "./core.ts";

/** The topic that every member of a mesh is subscribed to from joining: broadcast. */
const systemTopic = "all";

export function createMesh(core: StoreCore, input: { mesh_id: string; slug: string; now: number }): MeshRow {
  return core.transaction(() => {
    const existing = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(input.mesh_id);
    if (existing !== undefined) return readMesh(existing);
    if (core.sql("SELECT 1 AS yes FROM mesh WHERE slug = ?").get(input.slug) !== undefined) {
      throw new ClaudemeshError("already_exists", `a mesh "${input.slug}" exists already`);
    }
    core.sql("INSERT INTO mesh (mesh_id, slug, created_at) VALUES (?, ?, ?)").run(input.mesh_id, input.slug, input.now);
    core.sql("INSERT INTO mesh_head (mesh_id, epoch, seq) VALUES (?, 1, 0)").run(input.mesh_id);
    insertTopic(core, { mesh_id: input.mesh_id, name: systemTopic, created_by: "", now: input.now });
    return { mesh_id: input.mesh_id, slug: input.slug, created_at: input.now };
  });
}

export function listMeshes(core: StoreCore): MeshRow[] {
  return core.sql("SELECT * FROM mesh ORDER BY slug").all().map(readMesh);
}

export function meshById(core: StoreCore, meshId: string): MeshRow | null {
  const row = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(meshId);
  return row === undefined ? null : readMesh(row);
}

const meshTables = [
  "api_key",
  "invite_use",
  "invite",
  "mention_index",
  "delivery_queue",
  "queue",
  "notice",
  "receipt",
  "client_message_dedupe",
  "void_claim",
  "message_queue",
  "cursor",
  "subscription",
  "topic",
  "member",
  "log_break",
  "incarnation_head",
  "mesh_head",
  "mesh",
] as const;

export function deleteMesh(core: StoreCore, meshId: string): void {
  core.transaction(() => {
    for (const table of meshTables) core.sql(`DELETE FROM ${table} WHERE mesh_id = ?`).run(meshId);
  });
}

export function addMember(
  core: StoreCore,
  input: { mesh_id: string; member_id: string; name: string; role: MemberRow["role"]; now: number },
): MemberRow {
  return core.transaction(() => {
    const existing = member(core, input.mesh_id, input.member_id);
    if (existing !== null) return existing;
    nameIsFree(core, input.mesh_id, input.name);
    return insertMember(core, input);
  });
}

export function nameIsFree(core: StoreCore, meshId: string, name: string): void {
  if (core.sql("SELECT 1 AS yes FROM member WHERE mesh_id = ? AND name = ?").get(meshId, name) === undefined) return;
  throw new ClaudemeshError("already_exists", `the name "${name}" is taken in this mesh`, {
    hint: "choose another with --name",
  });
}

/** With its destinations: its direct messages, and the system topic. Call inside a transaction. */
export function insertMember(
  core: StoreCore,
  input: { mesh_id: string; member_id: string; name: string; role: MemberRow["role"]; now: number },
): MemberRow {
  const head = headOf(core, input.mesh_id);
  core
    .sql("INSERT INTO member (mesh_id, member_id, name, role, status, joined_at) VALUES (?, ?, ?, ?, 'active', ?)")
    .run(input.mesh_id, input.member_id, input.name, input.role, input.now);
  addCursor(core, input.mesh_id, input.member_id, "dm", head);
  const all = topicByName(core, input.mesh_id, systemTopic);
  if (all !== null) openInterval(core, input.mesh_id, input.member_id, all.topic_id, head);
  return requireMember(core, input.mesh_id, input.member_id);
}

export function members(core: StoreCore, meshId: string): MemberRow[] {
  return core.sql("SELECT * FROM member WHERE mesh_id = ? ORDER BY name").all(meshId).map(readMember);
}

export function member(core: StoreCore, meshId: string, memberId: string): MemberRow | null {
  const row = core.sql("SELECT * FROM member WHERE mesh_id = ? AND member_id = ?").get(meshId, memberId);
  return row === undefined ? null : readMember(row);
}

export function revokeMember(core: StoreCore, meshId: string, memberId: string): void {
  core.transaction(() => {
    requireMember(core, meshId, memberId);
    core
      .sql("UPDATE member SET status = 'revoked', link_epoch = link_epoch + 1 WHERE mesh_id = ? AND member_id = ?")
      .run(meshId, memberId);
    core
      .sql("UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND member_id = ? AND last_seq IS NULL")
      .run(headOf(core, meshId), meshId, memberId);
  });
}

export function raiseLinkEpoch(core: StoreCore, meshId: string, memberId: string, instanceId: string): RaisedLink {
  return core.transaction(() => {
    const before = requireActive(core, meshId, memberId);
    core
      .sql("UPDATE member SET link_epoch = link_epoch + 1, instance_id = ? WHERE mesh_id = ? AND member_id = ?")
      .run(instanceId, meshId, memberId);
    return { link_epoch: before.link_epoch + 1, life: core.incarnation.id, elsewhere: null };
  });
}

export function touchPresence(
  core: StoreCore,
  meshId: string,
  memberId: string,
  until: number,
  agents: readonly string[],
): void {
  core
    .sql("UPDATE member SET online_until = ?, agents = ? WHERE mesh_id = ? AND member_id = ?")
    .run(until, JSON.stringify(agents), meshId, memberId);
}

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
    core
      .sql(
        "UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL",
      )
      .run(headOf(core, meshId), meshId, memberId, topic.topic_id);
    return topic;
  });
}

export function subscribers(core: StoreCore, meshId: string, topicId: string): string[] {
  return core
    .sql(
      "SELECT member_id FROM subscription WHERE mesh_id = ? AND topic_id = ? AND last_seq IS NULL ORDER BY member_id",
    )
    .all(meshId, topicId)
    .map((row) => String(row["member_id"]));
}

function insertTopic(
  core: StoreCore,
  input: { mesh_id: string; name: string; created_by: string; now: number },
): TopicRow {
  const topicId = newUuidV7(input.now);
  core
    .sql("INSERT INTO topic (mesh_id, topic_id, name, created_by, created_at) VALUES (?, ?, ?, ?, ?)")
    .run(input.mesh_id, topicId, input.name, input.created_by, input.now);
  const { mesh_id, name, now: created_at } = input;
  return { mesh_id, topic_id: topicId, name, created_at, unsealed: false, unsealed_through: 0 };
}

function openIntervalOf(core: StoreCore, meshId: string, memberId: string, topicId: string) {
  return core
    .sql("SELECT first_seq FROM subscription WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL")
    .get(meshId, memberId, topicId);
}

function openInterval(core: StoreCore, meshId: string, memberId: string, topicId: string, head: number): void {
  // Left and joined again with nothing accepted between: the old interval simply goes on.
  core
    .sql(
      `INSERT INTO subscription (mesh_id, member_id, topic_id, first_seq) VALUES (?, ?, ?, ?)
       ON CONFLICT (mesh_id, member_id, topic_id, first_seq) DO UPDATE SET last_seq = NULL`,
    )
    .run(meshId, memberId, topicId, head);
  addCursor(core, meshId, memberId, `topic:${topicId}`, head);
}

function addCursor(core: StoreCore, meshId: string, memberId: string, destination: string, seq: number): void {
  core
    .sql("INSERT INTO cursor (mesh_id, member_id, destination, seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
    .run(meshId, memberId, destination, seq);
}

export function headOf(core: StoreCore, meshId: string): number {
  const row = core.sql("SELECT seq FROM mesh_head WHERE mesh_id = ?").get(meshId);
  if (row === undefined) throw new ClaudemeshError("not_found", "there is no such mesh");
  return Number(row["seq"]);
}

function requireMember(core: StoreCore, meshId: string, memberId: string): MemberRow {
  const row = member(core, meshId, memberId);
  if (row === null) throw new ClaudemeshError("not_a_member", "no such member in this mesh");
  return row;
}

/** Revoked meanwhile: a link of its may be opening. */
function requireActive(core: StoreCore, meshId: string, memberId: string): MemberRow {
  const row = requireMember(core, meshId, memberId);
  if (row.status !== "active") throw noActiveMember();
  return row;
}

export function requireTopic(core: StoreCore, meshId: string, name: string): TopicRow {
  const topic = topicByName(core, meshId, name);
  if (topic === null)
    throw new ClaudemeshError("unknown_destination", `no topic "${name}" in this mesh`, {
      hint: "claudemesh topic list",
    });
  return topic;
}

type Row = Record<string, SQLInputValue>;

function readMesh(row: Row): MeshRow {
  return { mesh_id: String(row["mesh_id"]), slug: String(row["slug"]), created_at: Number(row["created_at"]) };
}

function readTopic(row: Row): TopicRow {
  return {
    mesh_id: String(row["mesh_id"]),
    topic_id: String(row["topic_id"]),
    name: String(row["name"]),
    created_at: Number(row["created_at"]),
    unsealed: row["unsealed"] === 1,
    unsealed_through: Number(row["unsealed_through"]),
  };
}

function readMember(row: Row): MemberRow {
  return {
    mesh_id: String(row["mesh_id"]),
    member_id: String(row["member_id"]),
    name: String(row["name"]),
    role: String(row["role"]) as MemberRow["role"],
    status: row["status"] === "active" ? "active" : "revoked",
    link_epoch: Number(row["link_epoch"]),
    instance_id: row["instance_id"] === null ? null : String(row["instance_id"]),
    online_until: Number(row["online_until"]),
    agents: JSON.parse(String(row["agents"])) as string[],
    joined_at: Number(row["joined_at"]),
  };
}
