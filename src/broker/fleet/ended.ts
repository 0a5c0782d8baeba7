import { serviceRestartCode } from "../../protocol/close-codes.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { kickWords } from "../link/kicked.ts";
import type { LiveLink } from "../link/live-link.ts";
import { kickNow } from "../store/read-row.ts";
import type { EndedLink, SharedStore } from "../store/shared-store.ts";
import type { Kick } from "../store/store.ts";

export type EndedParts = Pick<LinkParts, "registry" | "clock"> & {
  readonly store: Pick<LinkParts["store"], "life" | "member">;
};

/** Looks in the store which of these links are their member's no more, and ends them as wire.md §1 says. */
export async function endLost(links: readonly LiveLink[], shared: SharedStore, parts: EndedParts): Promise<void> {
  for (const ended of await shared.endedLinks(links, parts.clock.now())) await end(ended, parts);
}

/**
 * The same of one link of a broker that is alone: no newer one of the member's is elsewhere. Where none is here either, it lost its place by
 * a change of the mesh's concurrency policy, or its successor's opening came to nothing.
 */
export async function endOwnLost(link: LiveLink, parts: EndedParts): Promise<void> {
  const kick = (await parts.store.member(link.meshId, link.memberId))?.kick ?? null;
  const now = kickNow(kick, parts.clock.now());
  if (now !== null) return kickLink(link, now, parts);
  const newer = parts.registry.get(link.meshId, link.memberId);
  if (newer === null || newer === link) return releaseLink(link, parts);
  link.close("replaced_by_newer_connection", "a newer link of this member is open", {
    other_instance_id: newer.instanceId,
  });
}

async function end(ended: EndedLink<LiveLink>, parts: EndedParts): Promise<void> {
  const { link } = ended;
  // Numbers of links are compared within one life of the store; a link of another one is told to come back as it is.
  if (link.life !== parts.store.life()) return restartLink(link);
  switch (ended.why) {
    case "kicked":
      return kickLink(link, ended.kick, parts);
    case "replaced":
      return replaceLink(link, ended.otherInstanceId, parts);
    case "followed":
      return replaceLink(link, null, parts);
    case "released":
      return releaseLink(link, parts);
    case "revoked":
      parts.registry.remove(link);
      link.close("member_revoked", "the member was revoked");
  }
}

/**
 * A newer link of the member is open: its own half-open connection (`otherInstanceId` null) goes without a word, another daemon's is told
 * why, and by which. Only that other daemon may hear 4003, since whoever hears it ends for good.
 */
export function replaceLink(
  link: LiveLink,
  otherInstanceId: string | null,
  { registry }: Pick<LinkParts, "registry">,
): void {
  registry.remove(link);
  if (otherInstanceId === null) return link.terminate();
  link.close("replaced_by_newer_connection", "another daemon opened a link as this member", {
    other_instance_id: otherInstanceId,
  });
}

/** The member is sent away for a time: its daemon stays away until then. */
export async function kickLink(
  link: LiveLink,
  kick: Kick,
  { registry, store }: Pick<EndedParts, "registry" | "store">,
): Promise<void> {
  registry.remove(link);
  const { detail, facts } = await kickWords(link.meshId, kick, store);
  link.close("kicked", detail, facts);
}

/** The link may do nothing more as it is, and nobody has its place: its daemon comes back and is given one. */
export function releaseLink(link: LiveLink, { registry }: Pick<LinkParts, "registry">): void {
  registry.remove(link);
  restartLink(link);
}

/** Its daemon comes back by itself and shows what it holds. */
export function restartLink(link: LiveLink): void {
  link.closeWith(serviceRestartCode, "service_restart");
}
