import type { MemberRow } from "../store.ts";
import { readMember } from "../read-row.ts";
import type { StoreCore } from "./core.ts";
import { endMember, memberColumns } from "./directory.ts";

/** Without a role that the mesh could lose: an owner or admin is never ephemeral, whatever it says. */
const endable = "ephemeral AND status = 'active' AND role IN ('member', 'guest')";

/** Without the mesh's lock, like any sign of presence. */
export async function noteEphemeral(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { ephemeral, until }: { readonly ephemeral: boolean; readonly until: number },
): Promise<void> {
  await core.rows(
    "UPDATE mesh.member SET ephemeral = $3, online_until = greatest(online_until, $4) WHERE mesh_id = $1 AND member_id = $2",
    [meshId, memberId, ephemeral, until],
  );
}

/** The rows are locked as they are read: a member that comes back at this moment was seen just now, and is none of them. */
export function expireEphemeral(
  core: StoreCore,
  meshId: string,
  seenBefore: number,
  { limit, dryRun }: { readonly limit: number; readonly dryRun: boolean },
): Promise<MemberRow[]> {
  return core.locked(meshId, async (tx, head) => {
    const rows = await tx.rows(
      `SELECT ${memberColumns} FROM mesh.member WHERE mesh_id = $1 AND ${endable} AND online_until < $2
        ORDER BY online_until LIMIT $3 FOR UPDATE`,
      [meshId, seenBefore, limit],
    );
    const found = rows.map(readMember);
    if (!dryRun) for (const { member_id } of found) await endMember(tx, meshId, member_id, "expired", head.seq);
    return found;
  });
}
