import { request } from "./frame-handler.ts";
import { inviteInfo, requireAdmin } from "./invite-create.ts";

export const onInvites = request<"invites">(async (_frame, link, parts) => {
  await requireAdmin(link, parts);
  const now = parts.clock.now();
  return { invites: (await parts.store.invites(link.meshId)).map((row) => inviteInfo(row, now)) };
});
