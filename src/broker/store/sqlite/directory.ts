import type { SQLOutputValue } from "node:sqlite";
import type { AgentsTold } from "../../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { type CloneNews, hostAfter, type ToldHost } from "../host-news.ts";
import { nameTaken, noActiveMember } from "../member-refusals.ts";
import { readMember, readMesh, writeTold } from "../read-row.ts";
import type { EndedStatus, Kick, MemberRow, MeshRow } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { noteDepartures, noteMayLack } from "./keys.ts";
import { endSendingOf } from "./links.ts";
import { insertTopic, openIntervalOfAll, systemTopic } from "./topics.ts";

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
    return readMesh(requireMesh(core, input.mesh_id));
  });
}

export function listMeshes(core: StoreCore): MeshRow[] {
  return core.sql("SELECT * FROM mesh ORDER BY slug").all().map(readMesh);
}

export function meshById(core: StoreCore, meshId: string): MeshRow | null {
  const row = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(meshId);
  return row === undefined ? null : readMesh(row);
}

export function requireMesh(core: StoreCore, meshId: string): Record<string, SQLOutputValue> {
  const row = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(meshId);
  if (row === undefined) throw new ClaudemeshError("not_found", "there is no such mesh");
  return row;
}

const meshTables = [
  "epoch_arrival",
  "epoch_wrap_refusal",
  "opened_destination",
  "epoch_departure",
  "epoch_wrap",
  "epoch",
  "epoch_destination",
  "key_head",
  "key_member",
  "key_lack",
  "api_key",
  "blob",
  "blob_total",
  "announced_key",
  "membership",
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
  "sending_link",
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
  throw nameTaken(name);
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
  openIntervalOfAll(core, input.mesh_id, input.member_id, head);
  noteMayLack(core, input.mesh_id, input.member_id);
  return requireMember(core, input.mesh_id, input.member_id);
}

export function members(core: StoreCore, meshId: string): MemberRow[] {
  return core.sql("SELECT * FROM member WHERE mesh_id = ? ORDER BY name").all(meshId).map(readMember);
}

export function member(core: StoreCore, meshId: string, memberId: string): MemberRow | null {
  const row = core.sql("SELECT * FROM member WHERE mesh_id = ? AND member_id = ?").get(meshId, memberId);
  return row === undefined ? null : readMember(row);
}

/** Later accepts of its envelopes are refused, and whatever link it has is too old. Call inside a transaction. */
export function endMember(core: StoreCore, meshId: string, memberId: string, status: EndedStatus): void {
  core
    .sql("UPDATE member SET status = ?, link_epoch = link_epoch + 1 WHERE mesh_id = ? AND member_id = ?")
    .run(status, meshId, memberId);
  endSendingOf(core, meshId, memberId);
  const ended = core
    .sql(
      "UPDATE subscription SET last_seq = ? WHERE mesh_id = ? AND member_id = ? AND last_seq IS NULL RETURNING topic_id",
    )
    .all(headOf(core, meshId), meshId, memberId);
  noteDepartures(core, meshId, memberId, ended);
}

export function kickMember(core: StoreCore, meshId: string, memberId: string, kick: Kick | null): MemberRow {
  return core.transaction(() => {
    requireActive(core, meshId, memberId);
    core
      .sql(
        "UPDATE member SET kicked_until = ?, kicked_by = ?, link_epoch = link_epoch + ? WHERE mesh_id = ? AND member_id = ?",
      )
      .run(kick?.until ?? 0, kick?.by ?? null, kick === null ? 0 : 1, meshId, memberId);
    if (kick !== null) endSendingOf(core, meshId, memberId);
    return requireMember(core, meshId, memberId);
  });
}

export function noteHost(
  core: StoreCore,
  meshId: string,
  memberId: string,
  told: ToldHost,
  now: number,
): CloneNews | null {
  return core.transaction(() => {
    const after = hostAfter(requireMember(core, meshId, memberId).host, told, now);
    if (after === null) return null;
    const { print, reason, suspectedAt } = after.host;
    core
      .sql(
        "UPDATE member SET host_print = ?, clone_reason = ?, clone_suspected_at = ? WHERE mesh_id = ? AND member_id = ?",
      )
      .run(print, reason, suspectedAt, meshId, memberId);
    return after.news;
  });
}

export function touchPresence(
  core: StoreCore,
  meshId: string,
  memberId: string,
  until: number,
  told: AgentsTold,
): void {
  core
    .sql(
      "UPDATE member SET online_until = ?, agents = ?, agents_told = json_set(?, '$.link_epoch', link_epoch) WHERE mesh_id = ? AND member_id = ?",
    )
    .run(until, JSON.stringify(told.agents), writeTold(told), meshId, memberId);
}

export function addCursor(core: StoreCore, meshId: string, memberId: string, destination: string, seq: number): void {
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
export function requireActive(core: StoreCore, meshId: string, memberId: string): MemberRow {
  const row = requireMember(core, meshId, memberId);
  if (row.status !== "active") throw noActiveMember();
  return row;
}
