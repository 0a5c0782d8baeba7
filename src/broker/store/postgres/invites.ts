import type { Admission } from "../../../protocol/admission.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { limits } from "../../../protocol/limits.ts";
import { closedInvite, memberWasRevoked, tooManyInvites, unknownInvite } from "../invite-refusals.ts";
import { readInvite } from "../read-row.ts";
import type { InviteRow, MemberRow } from "../store.ts";
import type { Sql, StoreCore } from "./core.ts";
import { insertMember, member, nameIsFree } from "./directory.ts";

const selectInvite = `SELECT i.mesh_id, i.invite_id, i.role, i.uses, i.created_by, i.created_at, i.expires_at, i.revoked_at,
    (SELECT count(*) FROM mesh.invite_use u WHERE u.mesh_id = i.mesh_id AND u.invite_id = i.invite_id) AS used
  FROM mesh.invite i`;

export function createInvite(core: StoreCore, invite: Omit<InviteRow, "used" | "revoked_at">): Promise<InviteRow> {
  return core.locked(invite.mesh_id, async (tx) => {
    const [open] = await tx.rows(
      `SELECT count(*) AS n FROM (${selectInvite} WHERE i.mesh_id = $1 AND i.expires_at > $2 AND i.revoked_at IS NULL) o
        WHERE o.used < o.uses`,
      [invite.mesh_id, invite.created_at],
    );
    if (Number(open?.["n"]) >= limits.invitesOpenMax) throw tooManyInvites();
    if ((await inviteById(tx, invite.mesh_id, invite.invite_id)) !== null)
      throw new ClaudemeshError("already_exists", "this invite exists already");
    await tx.rows(
      `INSERT INTO mesh.invite (mesh_id, invite_id, role, uses, created_by, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        invite.mesh_id,
        invite.invite_id,
        invite.role,
        invite.uses,
        invite.created_by,
        invite.created_at,
        invite.expires_at,
      ],
    );
    return { ...invite, used: 0, revoked_at: null };
  });
}

export async function invites(core: StoreCore, meshId: string): Promise<InviteRow[]> {
  const rows = await core.rows(
    `${selectInvite} WHERE i.mesh_id = $1 ORDER BY i.created_at DESC, i.invite_id LIMIT ${limits.pageItemsMax}`,
    [meshId],
  );
  return rows.map(readInvite);
}

export function revokeInvite(core: StoreCore, meshId: string, inviteId: string, now: number): Promise<InviteRow> {
  return core.locked(meshId, async (tx) => {
    await tx.rows(
      "UPDATE mesh.invite SET revoked_at = $3 WHERE mesh_id = $1 AND invite_id = $2 AND revoked_at IS NULL",
      [meshId, inviteId, now],
    );
    return requireInvite(tx, meshId, inviteId);
  });
}

/**
 * Under the mesh's lock: whoever is a member already stays as it is and uses nothing up, so that a join whose answer was
 * lost can be repeated. The name is looked at before the use is counted.
 */
export function admit(
  core: StoreCore,
  meshId: string,
  admission: Admission,
  now: number,
): Promise<{ member: MemberRow; admitted: boolean }> {
  return core.locked(meshId, async (tx, head) => {
    const invite = await requireInvite(tx, meshId, admission.invite_id);
    const present = await member(tx, meshId, admission.member_id);
    if (present?.status === "revoked") throw memberWasRevoked();
    if (present !== null) return { member: present, admitted: false };
    const closed = closedInvite(invite, now);
    if (closed !== null) throw closed;
    await nameIsFree(tx, meshId, admission.name);
    await tx.rows(
      "INSERT INTO mesh.invite_use (mesh_id, invite_id, member_id, admission, used_at) VALUES ($1, $2, $3, $4, $5)",
      [meshId, admission.invite_id, admission.member_id, JSON.stringify(admission), now],
    );
    const { member_id, name } = admission;
    const joining = { mesh_id: meshId, member_id, name, role: invite.role, now };
    return { member: await insertMember(tx, joining, head.seq), admitted: true };
  });
}

const expiredText = `SELECT i.invite_id FROM mesh.invite i WHERE i.mesh_id = $1 AND i.expires_at < $2
  ORDER BY i.expires_at, i.invite_id LIMIT $3`;

/** Invites that nobody can use any more, with their uses. */
export async function expireInvites(
  core: StoreCore,
  meshId: string,
  expiredBefore: number,
  { limit, dryRun }: { limit: number; dryRun: boolean },
): Promise<number> {
  const values = [meshId, expiredBefore, limit];
  const [due] = await core.rows(`SELECT count(*) AS n FROM (${expiredText}) d`, values);
  // Mostly there is none: the lock is for when there is.
  if (dryRun || Number(due?.["n"]) === 0) return Number(due?.["n"]);
  return core.locked(meshId, async (tx) => {
    const [row] = await tx.rows(
      `WITH over AS MATERIALIZED (${expiredText}),
         uses AS (DELETE FROM mesh.invite_use u USING over WHERE u.mesh_id = $1 AND u.invite_id = over.invite_id),
         gone AS (DELETE FROM mesh.invite i USING over WHERE i.mesh_id = $1 AND i.invite_id = over.invite_id RETURNING 1)
       SELECT count(*) AS n FROM gone`,
      values,
    );
    return Number(row?.["n"]);
  });
}

async function inviteById(sql: Sql, meshId: string, inviteId: string): Promise<InviteRow | null> {
  const [row] = await sql.rows(`${selectInvite} WHERE i.mesh_id = $1 AND i.invite_id = $2`, [meshId, inviteId]);
  return row === undefined ? null : readInvite(row);
}

async function requireInvite(tx: Sql, meshId: string, inviteId: string): Promise<InviteRow> {
  const invite = await inviteById(tx, meshId, inviteId);
  if (invite === null) throw unknownInvite();
  return invite;
}
