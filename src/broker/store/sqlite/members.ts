import type { SQLInputValue } from "node:sqlite";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { MemberRow } from "../store.ts";
import { headOf, type StoreCore } from "./core.ts";
import { addCursor, endIntervals, openInterval, systemTopic, topicByName } from "./topics.ts";

export function addMember(core: StoreCore, input: { mesh_id: string; member_id: string; name: string; role: MemberRow["role"]; now: number }): MemberRow {
  return core.transaction(() => {
    const head = headOf(core, input.mesh_id);
    const existing = member(core, input.mesh_id, input.member_id);
    if (existing !== null) return existing;
    if (core.sql("SELECT 1 AS yes FROM member WHERE mesh_id = ? AND name = ?").get(input.mesh_id, input.name) !== undefined) {
      throw new ClaudemeshError("already_exists", `the name "${input.name}" is taken in this mesh`, { hint: "choose another with --name" });
    }
    core
      .sql("INSERT INTO member (mesh_id, member_id, name, role, status, joined_at) VALUES (?, ?, ?, ?, 'active', ?)")
      .run(input.mesh_id, input.member_id, input.name, input.role, input.now);
    addCursor(core, input.mesh_id, input.member_id, "dm", head);
    const all = topicByName(core, input.mesh_id, systemTopic);
    if (all !== null) openInterval(core, input.mesh_id, input.member_id, all.topic_id, head);
    return requireMember(core, input.mesh_id, input.member_id);
  });
}

export function members(core: StoreCore, meshId: string): MemberRow[] {
  return core.sql("SELECT * FROM member WHERE mesh_id = ? ORDER BY name").all(meshId).map((row) => readMember(core, row));
}

export function member(core: StoreCore, meshId: string, memberId: string): MemberRow | null {
  const row = core.sql("SELECT * FROM member WHERE mesh_id = ? AND member_id = ?").get(meshId, memberId);
  return row === undefined ? null : readMember(core, row);
}

export function revokeMember(core: StoreCore, meshId: string, memberId: string): void {
  core.transaction(() => {
    requireMember(core, meshId, memberId);
    core.sql("UPDATE member SET status = 'revoked', link_epoch = link_epoch + 1 WHERE mesh_id = ? AND member_id = ?").run(meshId, memberId);
    endIntervals(core, meshId, { memberId });
  });
}

export function raiseLinkEpoch(core: StoreCore, meshId: string, memberId: string, instanceId: string): { link_epoch: number; replaced_instance_id: string | null } {
  return core.transaction(() => {
    const before = requireMember(core, meshId, memberId);
    if (before.status !== "active") throw new ClaudemeshError("not_a_member", "the member was revoked");
    core
      .sql("UPDATE member SET link_epoch = link_epoch + 1, instance_id = ? WHERE mesh_id = ? AND member_id = ?")
      .run(instanceId, meshId, memberId);
    return { link_epoch: before.link_epoch + 1, replaced_instance_id: before.instance_id };
  });
}

/** Costs no commit of its own: until the next one, this process answers from memory. */
export function touchPresence(core: StoreCore, meshId: string, memberId: string, until: number, agents: readonly string[]): void {
  const key = `${meshId}/${memberId}`;
  core.presence.set(key, { until, agents });
  core.later(key, () => {
    core
      .sql("UPDATE member SET online_until = ?, agents = ? WHERE mesh_id = ? AND member_id = ?")
      .run(until, JSON.stringify(agents), meshId, memberId);
  });
}

/** not_a_member unless there is one of this id, revoked or not. */
function requireMember(core: StoreCore, meshId: string, memberId: string): MemberRow {
  const row = member(core, meshId, memberId);
  if (row === null) throw new ClaudemeshError("not_a_member", "no such member in this mesh");
  return row;
}

function readMember(core: StoreCore, row: Record<string, SQLInputValue>): MemberRow {
  const lease = core.presence.get(`${String(row["mesh_id"])}/${String(row["member_id"])}`);
  return {
    mesh_id: String(row["mesh_id"]),
    member_id: String(row["member_id"]),
    name: String(row["name"]),
    role: String(row["role"]) as MemberRow["role"],
    status: row["status"] === "active" ? "active" : "revoked",
    link_epoch: Number(row["link_epoch"]),
    instance_id: row["instance_id"] === null ? null : String(row["instance_id"]),
    online_until: lease?.until ?? Number(row["online_until"]),
    agents: lease?.agents ?? (JSON.parse(String(row["agents"])) as string[]),
    joined_at: Number(row["joined_at"]),
  };
}
