import type { MemberInfo } from "../../../protocol/frames.ts";
import type { InviteInfo } from "../../../protocol/invite-frames.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import type { InviteRow } from "../../store/store.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";
import { request } from "./frame-handler.ts";

/** From the most to the least that a member may do. */
const roles: readonly MemberInfo["role"][] = ["owner", "admin", "member", "guest"];

/** Owners and admins make invites, for roles not above their own. */
export const onInviteCreate = request<"invite_create">(async (frame, link, parts) => {
  const own = await requireAdmin(link, parts);
  if (roles.indexOf(frame.role) < roles.indexOf(own))
    throw new ClaudemeshError("not_allowed", `An ${own} of this mesh cannot invite an ${frame.role}.`);
  const reach = parts.reach(frame.authority);
  const now = parts.clock.now();
  const row = await parts.store.createInvite({
    mesh_id: link.meshId,
    invite_id: frame.invite_id,
    role: frame.role,
    uses: frame.uses,
    created_by: link.memberId,
    created_at: now,
    expires_at: now + frame.expires_in_ms,
  });
  parts.log.info(
    {
      audit: "invite_created",
      mesh_id: link.meshId,
      member_id: link.memberId,
      invite_id: row.invite_id,
      role: row.role,
    },
    "an invite was made",
  );
  return { invite: inviteInfo(row, now), reach };
});

/** The role of the link's member. Throws not_allowed for one that may not look after invites. */
export async function requireAdmin(link: LiveLink, parts: LinkParts): Promise<MemberInfo["role"]> {
  const member = await parts.store.member(link.meshId, link.memberId);
  if (member?.role === "owner" || member?.role === "admin") return member.role;
  throw new ClaudemeshError("not_allowed", "Only owners and admins of the mesh look after its invites.", {
    hint: "ask one of them; claudemesh members shows the roles",
  });
}

/** An invite as the wire shows it. */
export function inviteInfo(row: InviteRow, now: number): InviteInfo {
  return {
    invite_id: row.invite_id,
    role: row.role,
    state:
      row.revoked_at !== null ? "revoked" : row.used >= row.uses ? "used" : row.expires_at <= now ? "expired" : "open",
    uses: row.uses,
    used: row.used,
    created_at: rfc3339(row.created_at),
    expires_at: rfc3339(row.expires_at),
    created_by: row.created_by,
  };
}
