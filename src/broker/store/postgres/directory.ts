import type { AgentsTold } from "../../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { type CloneNews, hostAfter, type ToldHost } from "../host-news.ts";
import { nameTaken, noActiveMember } from "../member-refusals.ts";
import { readHost, readMember, readMesh, writeTold } from "../read-row.ts";
import type { EndedStatus, Kick, MemberRow, MeshRow } from "../store.ts";
import type { Sql, StoreCore } from "./core.ts";
import { endSendingOf } from "./links.ts";
import { noteDepartures, noteMayLack } from "./keys.ts";
import { insertTopic, openIntervalOfAll, systemTopic } from "./topics.ts";

/** Of two brokers that create one mesh at the same moment, the later one waits for the other's commit and finds its row. */
export function createMesh(core: StoreCore, input: { mesh_id: string; slug: string; now: number }): Promise<MeshRow> {
  return core.transaction(async (tx) => {
    const created = await tx.rows(
      `INSERT INTO mesh.mesh (mesh_id, slug, created_at) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING RETURNING ${meshColumns}`,
      [input.mesh_id, input.slug, input.now],
    );
    const [row] = created;
    if (row === undefined) {
      const existing = await meshById(tx, input.mesh_id);
      if (existing !== null) return existing;
      throw new ClaudemeshError("already_exists", `a mesh "${input.slug}" exists already`);
    }
    await tx.rows("INSERT INTO mesh.mesh_head (mesh_id, epoch, seq) VALUES ($1, 1, 0)", [input.mesh_id]);
    await insertTopic(tx, { mesh_id: input.mesh_id, name: systemTopic, created_by: "", now: input.now });
    return readMesh(row);
  });
}

const meshColumns = "mesh_id, slug, created_at, concurrency";

export async function listMeshes(core: StoreCore): Promise<MeshRow[]> {
  return (await core.rows(`SELECT ${meshColumns} FROM mesh.mesh ORDER BY slug`)).map(readMesh);
}

export async function meshById(sql: Sql, meshId: string): Promise<MeshRow | null> {
  const [row] = await sql.rows(`SELECT ${meshColumns} FROM mesh.mesh WHERE mesh_id = $1`, [meshId]);
  return row === undefined ? null : readMesh(row);
}

/**
 * The mesh's own row first: what is kept for a mesh without its lock (receipts) locks that row, and so comes wholly before
 * this or finds no mesh. Members before cursors: acknowledging locks them in that order.
 */
const meshTables = [
  "mesh",
  "member",
  "sending_link",
  "cursor",
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
  "subscription",
  "topic",
  "log_break",
  "incarnation_head",
  "mesh_head",
] as const;

/**
 * One transaction, so that a mesh is there or is not. A big one takes minutes, in which its lock is held, and whoever sends
 * to it is told to try again; other meshes go on.
 */
export function deleteMesh(core: StoreCore, meshId: string): Promise<void> {
  return core.longTransaction(async (tx) => {
    await tx.rows("SELECT 1 AS yes FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    for (const table of meshTables) await tx.rows(`DELETE FROM mesh.${table} WHERE mesh_id = $1`, [meshId]);
  });
}

export function addMember(
  core: StoreCore,
  input: { mesh_id: string; member_id: string; name: string; role: MemberRow["role"]; now: number },
): Promise<MemberRow> {
  return core.locked(input.mesh_id, async (tx, head) => {
    const existing = await member(tx, input.mesh_id, input.member_id);
    if (existing !== null) return existing;
    await nameIsFree(tx, input.mesh_id, input.name);
    return insertMember(tx, input, head.seq);
  });
}

export async function nameIsFree(tx: Sql, meshId: string, name: string): Promise<void> {
  const taken = await tx.rows("SELECT 1 AS yes FROM mesh.member WHERE mesh_id = $1 AND lower(name) = lower($2)", [
    meshId,
    name,
  ]);
  if (taken.length === 0) return;
  throw nameTaken(name);
}

/** With its destinations: its direct messages, and the system topic. Call it under the mesh's lock. */
export async function insertMember(
  tx: Sql,
  input: { mesh_id: string; member_id: string; name: string; role: MemberRow["role"]; now: number },
  head: number,
): Promise<MemberRow> {
  const { mesh_id, member_id } = input;
  await tx.rows(
    "INSERT INTO mesh.member (mesh_id, member_id, name, role, status, joined_at) VALUES ($1, $2, $3, $4, 'active', $5)",
    [mesh_id, member_id, input.name, input.role, input.now],
  );
  await tx.rows(
    "INSERT INTO mesh.cursor (mesh_id, member_id, destination, seq) VALUES ($1, $2, 'dm', $3) ON CONFLICT DO NOTHING",
    [mesh_id, member_id, head],
  );
  await openIntervalOfAll(tx, mesh_id, member_id, head);
  await noteMayLack(tx, mesh_id, member_id);
  return requireMember(tx, mesh_id, member_id);
}

export const memberColumns =
  "mesh_id, member_id, name, role, status, link_epoch, instance_id, online_until, agents, agents_told, joined_at, kicked_until, kicked_by, host_print, clone_reason, clone_suspected_at, ephemeral";

export async function members(core: StoreCore, meshId: string): Promise<MemberRow[]> {
  const rows = await core.rows(
    `SELECT ${memberColumns} FROM mesh.member WHERE mesh_id = $1 ORDER BY lower(name), member_id`,
    [meshId],
  );
  return rows.map(readMember);
}

export async function member(sql: Sql, meshId: string, memberId: string): Promise<MemberRow | null> {
  const [row] = await sql.rows(`SELECT ${memberColumns} FROM mesh.member WHERE mesh_id = $1 AND member_id = $2`, [
    meshId,
    memberId,
  ]);
  return row === undefined ? null : readMember(row);
}

export async function requireMember(tx: Sql, meshId: string, memberId: string): Promise<MemberRow> {
  const row = await member(tx, meshId, memberId);
  if (row === null) throw new ClaudemeshError("not_a_member", "no such member in this mesh");
  return row;
}

/** Revoked meanwhile: a link of its may still be open at another broker, or be opening. Call it under the mesh's lock. */
export async function requireActive(tx: Sql, meshId: string, memberId: string): Promise<void> {
  if ((await requireMember(tx, meshId, memberId)).status !== "active") throw noActiveMember();
}

/** Later accepts of its envelopes are refused, and whatever link it has is too old. Call it under the mesh's lock. */
export async function endMember(
  tx: Sql,
  meshId: string,
  memberId: string,
  status: EndedStatus,
  head: number,
): Promise<void> {
  await tx.rows(
    "UPDATE mesh.member SET status = $3, link_epoch = link_epoch + 1 WHERE mesh_id = $1 AND member_id = $2",
    [meshId, memberId, status],
  );
  await endSendingOf(tx, meshId, memberId);
  const ended = await tx.rows(
    "UPDATE mesh.subscription SET last_seq = $3 WHERE mesh_id = $1 AND member_id = $2 AND last_seq IS NULL RETURNING topic_id",
    [meshId, memberId, head],
  );
  await noteDepartures(tx, meshId, memberId, ended);
}

/** Its link is nobody's from then on, so that the broker which has it finds it ended even when the kick is taken back at once. */
export function kickMember(core: StoreCore, meshId: string, memberId: string, kick: Kick | null): Promise<MemberRow> {
  return core.locked(meshId, async (tx) => {
    await requireActive(tx, meshId, memberId);
    await tx.rows(
      `UPDATE mesh.member SET kicked_until = $3, kicked_by = $4, link_epoch = link_epoch + $5,
              linked_by = CASE WHEN $5 = 0 THEN linked_by END
        WHERE mesh_id = $1 AND member_id = $2`,
      [meshId, memberId, kick?.until ?? 0, kick?.by ?? null, kick === null ? 0 : 1],
    );
    if (kick !== null) await endSendingOf(tx, meshId, memberId);
    return requireMember(tx, meshId, memberId);
  });
}

/** Without the mesh's lock: nothing else depends on it. Two brokers that are told at once come one after the other. */
export function noteHost(
  core: StoreCore,
  meshId: string,
  memberId: string,
  told: ToldHost,
  now: number,
): Promise<CloneNews | null> {
  return core.transaction(async (tx) => {
    const [row] = await tx.rows(
      `SELECT host_print, clone_reason, clone_suspected_at FROM mesh.member
        WHERE mesh_id = $1 AND member_id = $2 FOR NO KEY UPDATE`,
      [meshId, memberId],
    );
    const after = row === undefined ? null : hostAfter(readHost(row), told, now);
    if (after === null) return null;
    const { print, reason, suspectedAt } = after.host;
    await tx.rows(
      `UPDATE mesh.member SET host_print = $3, clone_reason = $4, clone_suspected_at = $5
        WHERE mesh_id = $1 AND member_id = $2`,
      [meshId, memberId, print, reason, suspectedAt],
    );
    return after.news;
  });
}

/** Without the mesh's lock: every connected member does this every half minute. */
export async function touchPresence(
  core: StoreCore,
  meshId: string,
  memberId: string,
  until: number,
  told: AgentsTold,
): Promise<void> {
  await core.rows(
    `UPDATE mesh.member SET online_until = $3, agents = $4, agents_told = ($5::jsonb || jsonb_build_object('link_epoch', link_epoch))::text
      WHERE mesh_id = $1 AND member_id = $2`,
    [meshId, memberId, until, JSON.stringify(told.agents), writeTold(told)],
  );
}
