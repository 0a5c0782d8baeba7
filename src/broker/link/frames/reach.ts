import { ClaudemeshError } from "../../../protocol/error.ts";
import { request } from "./frame-handler.ts";

/** What an invite says of the way here: for those who make invites. */
export const onReach = request<"reach">(async (frame, link, parts) => {
  const member = await parts.store.member(link.meshId, link.memberId);
  if (member?.role !== "owner" && member?.role !== "admin")
    throw new ClaudemeshError("not_allowed", "Only owners and admins of the mesh make invites.", {
      hint: "ask one of them; claudemesh members shows the roles",
    });
  return parts.reach(frame.authority);
});
