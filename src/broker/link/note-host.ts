import type { EventFrame, HelloFrame } from "../../protocol/frames.ts";
import { hostAfter, type ToldHost } from "../store/host-news.ts";
import type { MemberRow } from "../store/store.ts";
import type { LinkParts } from "./link-parts.ts";

/**
 * Keeps what a proven hello tells of its host. When that is another one than before, or its daemon takes it for a copy, owners
 * and admins are told, once: those whose links are open now; the others find the time of it among the members.
 */
export async function noteHost(hello: HelloFrame, member: MemberRow, parts: LinkParts): Promise<void> {
  const { mesh_id: meshId, member_id: memberId, instance_id } = hello;
  const told: ToldHost = { print: hello.host_print, reason: hello.clone_suspected ?? null };
  const now = parts.clock.now();
  // Most hellos tell what is known, and cost no write.
  if (hostAfter(member.host, told, now) === null) return;
  const reason = await parts.store.noteHost(meshId, memberId, told, now);
  if (reason === null) return;
  parts.metrics.cloneSuspected.inc({ mesh: meshId, reason });
  parts.log.warn(
    { audit: "member_clone_suspected", mesh_id: meshId, member_id: memberId, instance_id, reason },
    "a member is on another host than before, or on a copy of it",
  );
  const event: EventFrame = { type: "event", event: "member_clone_suspected", member_id: memberId, reason };
  const admins = (await parts.store.members(meshId)).filter(
    ({ status, role }) => status === "active" && (role === "owner" || role === "admin"),
  );
  parts.news.tellOnly(
    meshId,
    event,
    admins.map((admin) => admin.member_id),
  );
}
