import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { LiveLink } from "../link/live-link.ts";
import { releaseLink } from "./ended.ts";

export type AfterCloseParts = Pick<LinkParts, "store" | "registry" | "clock" | "log" | "limits" | "turns"> & {
  readonly bus: Pick<LinkParts["bus"], "publish">;
};
type Closed = Pick<LiveLink, "meshId" | "memberId" | "linkEpoch">;

/**
 * Tells the store that a link is nobody's any more, and lets the oldest of those that only sent take the place of one that received. Where
 * the store does not answer it is asked again for a while; later the broker's lease or the member's next hello says the same.
 */
export function noteClosed(link: Closed, parts: AfterCloseParts, tries = 1): void {
  const { store, clock, limits } = parts;
  const { meshId, memberId } = link;
  store
    .linkClosed(meshId, memberId, link.linkEpoch)
    .then((wanted) => (wanted ? callSuccessor(meshId, memberId, parts) : undefined))
    .catch((thrown: unknown) => {
      parts.log.debug({ mesh_id: meshId, error: ClaudemeshError.from(thrown).message }, "a closed link was not noted");
      if (tries < limits.closedLinkTriesMax) clock.after(limits.sweepMs, () => noteClosed(link, parts, tries + 1));
    });
}

/**
 * The member's receiving link is gone. Whoever has only sent for longest is closed, and dials into its place; should it not come, the next
 * one is. At another broker it is that broker which closes it, told by the bus or found by its sweep.
 */
export async function callSuccessor(meshId: string, memberId: string, parts: AfterCloseParts): Promise<void> {
  const { store, registry, clock, limits } = parts;
  // In turn with openings: between the store's answer and the close none takes the place.
  const next = await parts.turns.take(meshId, memberId, async () => {
    const links = registry.ofMember(meshId, memberId);
    const held = links.map(({ linkEpoch }) => linkEpoch);
    const found = await store.successor(meshId, memberId, { now: clock.now(), held });
    const link = found === null ? undefined : links.find(({ linkEpoch }) => linkEpoch === found.link_epoch);
    if (link !== undefined) releaseLink(link, parts);
    return found;
  });
  if (next === null) return;
  if (next.elsewhere) return parts.bus.publish({ kind: "links_changed", mesh_id: meshId, member_ids: [memberId] });
  // Of several brokers the sweep of each looks again.
  if (store.shared !== null) return;
  clock.after(limits.successorMs, () => {
    callSuccessor(meshId, memberId, parts).catch((thrown: unknown) => {
      parts.log.debug({ mesh_id: meshId, error: ClaudemeshError.from(thrown).message }, "no successor was called");
    });
  });
}
