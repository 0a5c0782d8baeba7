import type { Admission } from "../../../protocol/admission.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { limits } from "../../../protocol/limits.ts";
import { closedInvite, memberWasRevoked, tooManyInvites, unknownInvite } from "../invite-refusals.ts";
import { readInvite } from "../read-row.ts";
import type { InviteRow, MemberRow } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { member, nameIsFree, insertMember } from "./directory.ts";

const selectInvite = `SELECT invite.*, (SELECT count(*) FROM invite_use
  WHERE invite_use.mesh_id = invite.mesh_id AND invite_use.invite_id = invite.invite_id) AS used FROM invite`;

export function createInvite(core: StoreCore, invite: Omit<InviteRow, "used" | "revoked_at">): InviteRow {
  return core.transaction(() => {
    const open = core
      .sql(
        `SELECT count(*) AS n FROM (${selectInvite} WHERE mesh_id = ? AND expires_at > ? AND revoked_at IS NULL) WHERE used < uses`,
      )
      .get(invite.mesh_id, invite.created_at);
    if (Number(open?.["n"]) >= limits.invitesOpenMax) throw tooManyInvites();
    if (inviteById(core, invite.mesh_id, invite.invite_id) !== null)
      throw new ClaudemeshError("already_exists", "this invite exists already");
    core
      .sql(
        "INSERT INTO invite (mesh_id, invite_id, role, uses, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        invite.mesh_id,
        invite.invite_id,
        invite.role,
        invite.uses,
        invite.created_by,
        invite.created_at,
        invite.expires_at,
      );
    return { ...invite, used: 0, revoked_at: null };
  });
}

export function invites(core: StoreCore, meshId: string): InviteRow[] {
  return core
    .sql(`${selectInvite} WHERE mesh_id = ? ORDER BY created_at DESC, invite_id LIMIT ${limits.pageItemsMax}`)
    .all(meshId)
    .map(readInvite);
}

export function revokeInvite(core: StoreCore, meshId: string, inviteId: string, now: number): InviteRow {
  return core.transaction(() => {
    core
      .sql("UPDATE invite SET revoked_at = ? WHERE mesh_id = ? AND invite_id = ? AND revoked_at IS NULL")
      .run(now, meshId, inviteId);
    return requireInvite(core, meshId, inviteId);
  });
}

/**
 * One transaction: whoever is a member already stays as it is and uses nothing up, so that a join whose answer was lost
 * can be repeated. The name is looked at before the use is counted.
 */
export function admit(
  core: StoreCore,
  meshId: string,
  admission: Admission,
  now: number,
): { member: MemberRow; admitted: boolean } {
  return core.transaction(() => {
    const invite = requireInvite(core, meshId, admission.invite_id);
    const present = member(core, meshId, admission.member_id);
    if (present?.status === "revoked") throw memberWasRevoked();
    if (present !== null) return { member: present, admitted: false };
    const closed = closedInvite(invite, now);
    if (closed !== null) throw closed;
    nameIsFree(core, meshId, admission.name);
    core
      .sql("INSERT INTO invite_use (mesh_id, invite_id, member_id, admission, used_at) VALUES (?, ?, ?, ?, ?)")
      .run(meshId, admission.invite_id, admission.member_id, JSON.stringify(admission), now);
    const { member_id, name } = admission;
    return { member: insertMember(core, { mesh_id: meshId, member_id, name, role: invite.role, now }), admitted: true };
  });
}

/** Invites that nobody can use any more, with their uses. */
export function expireInvites(
  core: StoreCore,
  meshId: string,
  expiredBefore: number,
  options: { limit: number; dryRun: boolean },
): number {
  const over = core
    .sql("SELECT invite_id FROM invite WHERE mesh_id = ? AND expires_at < ? ORDER BY expires_at LIMIT ?")
    .all(meshId, expiredBefore, options.limit)
    .map((row) => String(row["invite_id"]));
  if (options.dryRun || over.length === 0) return over.length;
  return core.transaction(() => {
    for (const inviteId of over) {
      for (const table of ["invite_use", "invite"])
        core.sql(`DELETE FROM ${table} WHERE mesh_id = ? AND invite_id = ?`).run(meshId, inviteId);
    }
    return over.length;
  });
}

function inviteById(core: StoreCore, meshId: string, inviteId: string): InviteRow | null {
  const row = core.sql(`${selectInvite} WHERE mesh_id = ? AND invite_id = ?`).get(meshId, inviteId);
  return row === undefined ? null : readInvite(row);
}

function requireInvite(core: StoreCore, meshId: string, inviteId: string): InviteRow {
  const invite = inviteById(core, meshId, inviteId);
  if (invite === null) throw unknownInvite();
  return invite;
}
