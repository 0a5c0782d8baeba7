import { serviceRestartCode } from "../../protocol/close-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { LiveLink } from "../link/live-link.ts";
import type { EndedLink, SharedStore } from "../store/shared-store.ts";

export type EndedParts = Pick<LinkParts, "registry" | "clock"> & { readonly store: Pick<LinkParts["store"], "life"> };

/** Looks in the store which of these links are their member's no more, and ends them as wire.md §1 says. */
export async function endLost(links: readonly LiveLink[], shared: SharedStore, parts: EndedParts): Promise<void> {
  for (const ended of await shared.endedLinks(links, parts.clock.now())) end(ended, parts);
}

function end({ link, why }: EndedLink<LiveLink>, parts: EndedParts): void {
  // Numbers of links are compared within one life of the store; a link of another one is told to come back as it is.
  if (link.life !== parts.store.life()) return restartLink(link);
  if (why !== "revoked") return replaceLink(link, why === "followed", parts);
  parts.registry.remove(link);
  link.close("member_revoked", "the member was revoked");
}

/**
 * A newer link of the member is open: its own half-open connection goes without a word, another daemon's is told why. Only that other
 * daemon may hear 4003, since whoever hears it ends for good.
 */
export function replaceLink(link: LiveLink, own: boolean, { registry }: Pick<LinkParts, "registry">): void {
  registry.remove(link);
  if (own) return link.terminate();
  link.close("replaced_by_newer_connection", "another daemon opened a link as this member");
}

/**
 * Tells the store that a link is nobody's any more. Should that fail, the broker's lease or the member's next link says the same
 * later; until then another daemon of the member looks like a second one.
 */
export function noteClosed(
  link: Pick<LiveLink, "meshId" | "memberId" | "linkEpoch">,
  shared: SharedStore,
  log: LinkParts["log"],
): void {
  shared.linkClosed(link.meshId, link.memberId, link.linkEpoch).catch((thrown: unknown) => {
    log.debug({ mesh_id: link.meshId, error: ClaudemeshError.from(thrown).message }, "a closed link was not noted");
  });
}

/** Its daemon comes back by itself and shows what it holds. */
export function restartLink(link: LiveLink): void {
  link.closeWith(serviceRestartCode, "service_restart");
}
