import { expiredShownMax } from "../../broker-limits.ts";
import { memberInfo } from "../member-info.ts";
import { request } from "./frame-handler.ts";

export const onMembers = request<"members">(async (_frame, link, parts) => {
  const rows = await parts.store.members(link.meshId);
  const now = parts.clock.now();
  const active = rows.filter((row) => row.status === "active");
  parts.presence.shown(active);
  const expired = rows
    .filter(({ status }) => status === "expired")
    .sort((one, other) => other.online_until - one.online_until)
    .slice(0, expiredShownMax)
    .map(({ member_id }) => member_id);
  return {
    ...(expired.length === 0 ? {} : { expired }),
    members: active.map((row) => memberInfo(row, now, parts.limits.presenceLeaseMs)),
  };
});
