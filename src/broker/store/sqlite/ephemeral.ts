import type { MemberRow } from "../store.ts";
import { readMember } from "../read-row.ts";
import type { StoreCore } from "./core.ts";
import { endMember } from "./directory.ts";

/** Without a role that the mesh could lose: an owner or admin is never ephemeral, whatever it says. */
const endable = "ephemeral = 1 AND status = 'active' AND role IN ('member', 'guest')";

export function noteEphemeral(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { ephemeral, until }: { readonly ephemeral: boolean; readonly until: number },
): void {
  core
    .sql("UPDATE member SET ephemeral = ?, online_until = max(online_until, ?) WHERE mesh_id = ? AND member_id = ?")
    .run(ephemeral ? 1 : 0, until, meshId, memberId);
}

export function expireEphemeral(
  core: StoreCore,
  meshId: string,
  seenBefore: number,
  { limit, dryRun }: { readonly limit: number; readonly dryRun: boolean },
): MemberRow[] {
  return core.transaction(() => {
    const rows = core
      .sql(`SELECT * FROM member WHERE mesh_id = ? AND ${endable} AND online_until < ? ORDER BY online_until LIMIT ?`)
      .all(meshId, seenBefore, limit)
      .map(readMember);
    if (!dryRun) for (const { member_id } of rows) endMember(core, meshId, member_id, "expired");
    return rows;
  });
}
