import { memberInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

export const onMembers = request<"members">(async (_frame, link, parts) => {
  const rows = await parts.store.members(link.meshId);
  const now = parts.clock.now();
  const active = rows.filter((row) => row.status === "active");
  parts.presence.shown(active);
  return { members: active.map((row) => memberInfo(row, now, parts.limits.presenceLeaseMs)) };
});
