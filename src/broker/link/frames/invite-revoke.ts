import { request } from "./frame-handler.ts";
import { inviteInfo, requireAdmin } from "./invite-create.ts";

/** Whoever joined by it stays a member. */
export const onInviteRevoke = request<"invite_revoke">(async (frame, link, parts) => {
  await requireAdmin(link, parts);
  const now = parts.clock.now();
  const row = await parts.store.revokeInvite(link.meshId, frame.invite_id, now);
  parts.log.info(
    { audit: "invite_revoked", mesh_id: link.meshId, member_id: link.memberId, invite_id: row.invite_id },
    "an invite was revoked",
  );
  return inviteInfo(row, now);
});
