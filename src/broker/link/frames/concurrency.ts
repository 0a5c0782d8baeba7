import { concurrencyPolicies } from "../../../protocol/concurrency.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { releaseLink } from "../../fleet/ended.ts";
import type { ReleasedMember } from "../../store/link-store.ts";
import type { LinkParts } from "../link-parts.ts";
import { request } from "./frame-handler.ts";

/**
 * What the mesh does when two daemons use one member's keys. With the commit of another policy all links of a member that has more than one
 * can do nothing more, at whatever broker they are; they are closed with 1012, come back, and get their places by the new one.
 */
export const onConcurrency = request<"concurrency">(async (frame, link, parts) => {
  const { store } = parts;
  const { meshId, memberId: by } = link;
  const standing = async () => {
    const mesh = await store.meshById(meshId);
    if (mesh === null) throw new ClaudemeshError("not_found", "there is no such mesh");
    return mesh.concurrency;
  };
  if (frame.policy === null) return { policy: await standing() };
  const policy = concurrencyPolicies.find((known) => known === frame.policy);
  if (policy === undefined)
    throw new ClaudemeshError("invalid_field", `a concurrency policy is one of ${concurrencyPolicies.join(", ")}`, {
      details: { field: "policy" },
    });
  const member = await store.member(meshId, by);
  if (member?.role !== "owner" && member?.role !== "admin")
    throw new ClaudemeshError("not_allowed", "owners and admins of the mesh change its concurrency policy", {
      hint: "ask one of them; claudemesh members shows the roles",
    });
  const before = await standing();
  const released = await store.setConcurrency(meshId, policy);
  if (before === policy) return { policy };
  parts.log.info(
    { audit: "concurrency_changed", mesh_id: meshId, by, policy, before, released: released.length },
    "a mesh's concurrency policy changed",
  );
  if (released.length > 0) {
    parts.bus.publish({ kind: "links_changed", mesh_id: meshId, member_ids: released.map((one) => one.member_id) });
    for (const one of released) void release(meshId, one, parts);
  }
  parts.news.tell(meshId, { type: "event", event: "concurrency_changed", policy, by });
  return { policy };
});

/** In turn with openings: one that the store gave its place before the change is among the links by then. */
function release(meshId: string, { member_id, link_epoch }: ReleasedMember, parts: LinkParts): Promise<void> {
  return parts.turns.take(meshId, member_id, async () => {
    for (const link of parts.registry.ofMember(meshId, member_id))
      if (!link.receives || link.linkEpoch < link_epoch) releaseLink(link, parts);
  });
}
