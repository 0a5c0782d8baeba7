import { expiredShownMax } from "../../broker-limits.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import type { MemberRow } from "../../store/store.ts";
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
  const role = active.find(({ member_id }) => member_id === link.memberId)?.role;
  const isAdmin = role === "owner" || role === "admin";
  return {
    ...(expired.length === 0 ? {} : { expired }),
    members: active.map((row) => ({
      ...memberInfo(row, now, parts.limits.presenceLeaseMs),
      // Whether a member moved to another host is its own matter, and that of those who can do something about a copy.
      ...(isAdmin || row.member_id === link.memberId ? { clone_suspected_at: suspectedAt(row) } : {}),
    })),
  };
});

function suspectedAt({ host }: MemberRow): string | null {
  return host.suspectedAt === null ? null : rfc3339(host.suspectedAt);
}
