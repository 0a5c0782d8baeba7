import { ClaudemeshError } from "../../../protocol/error.ts";
import { isAboveRole } from "../../../protocol/membership/state.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import { kickLink } from "../../fleet/ended.ts";
import type { BrokerStore } from "../../store/store.ts";
import { request } from "./frame-handler.ts";

/** Sends a member away for a time, at whatever broker it is: after the commit no link of it can accept, acknowledge or open. */
export const onKick = request<"kick">(async (frame, link, parts) => {
  const { meshId, memberId: by } = link;
  const { member_id: memberId } = frame;
  await requireMayKick(parts.store, meshId, by, memberId);
  const now = parts.clock.now();
  const kick = frame.for_ms === 0 ? null : { until: now + frame.for_ms, by };
  const { link_epoch } = await parts.store.kickMember(meshId, memberId, kick);
  const until = kick === null ? null : rfc3339(kick.until);
  parts.log.info(
    { audit: "member_kicked", mesh_id: meshId, member_id: memberId, by, until },
    kick === null ? "a member that was sent away may come back" : "a member was sent away for a time",
  );
  if (kick !== null) {
    const life = parts.store.life();
    parts.bus.publish({ kind: "member_kicked", mesh_id: meshId, member_id: memberId, link_epoch, life, ...kick });
    for (const live of parts.registry.ofMember(meshId, memberId))
      if (!live.receives || live.linkEpoch < link_epoch) await kickLink(live, kick, parts);
  }
  parts.news.tell(meshId, { type: "event", event: "member_kicked", member_id: memberId, by, until });
  return { until };
});

/** As for ending a membership: owners and admins, and nobody whose role is above their own. */
async function requireMayKick(
  store: Pick<BrokerStore, "member">,
  meshId: string,
  by: string,
  memberId: string,
): Promise<void> {
  if (by === memberId)
    throw new ClaudemeshError("not_allowed", "nobody sends itself away", { hint: "claudemesh daemon down" });
  const [maker, member] = [await store.member(meshId, by), await store.member(meshId, memberId)];
  if (member?.status !== "active" || maker?.status !== "active")
    throw new ClaudemeshError("not_a_member", "that is no active member of this mesh", { hint: "claudemesh members" });
  if (maker.role !== "owner" && maker.role !== "admin")
    throw new ClaudemeshError("not_allowed", "owners and admins of the mesh send members away", {
      hint: "claudemesh members shows the roles",
    });
  if (isAboveRole(member.role, maker.role))
    throw new ClaudemeshError("not_allowed", `an ${maker.role} of this mesh cannot send an ${member.role} away`);
}
