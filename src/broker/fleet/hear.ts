import type { LinkParts } from "../link/link-parts.ts";
import type { BusMessage } from "./bus.ts";
import { replaceLink, restartLink } from "./ended.ts";

export type HearParts = Pick<LinkParts, "router" | "registry" | "receipts" | "notices" | "progress" | "store">;

/** What another broker's word means for the links of this one. */
export function hear(message: BusMessage, parts: HearParts): void {
  const { router, registry } = parts;
  const { mesh_id: meshId } = message;
  switch (message.kind) {
    case "reached":
      // Numbers of another life of the store are other messages' numbers, or of one that is not yet met here: reading it meets it.
      if (message.life !== parts.store.life()) return router.uncertain(meshId);
      return router.reached(meshId, message);
    case "link_opened": {
      const link = registry.get(meshId, message.member_id);
      if (link === null || link.linkEpoch >= message.link_epoch) return;
      const own = link.instanceId === message.instance_id || link.instanceId === message.previous_instance_id;
      return replaceLink(link, own, parts);
    }
    case "event":
      return registry.broadcast(meshId, message.event, message.except ?? undefined);
    case "topic_moved":
      return parts.progress.moved(meshId, message.topic_id);
    case "owed":
      return tellOwed(meshId, message.member_id, parts);
    case "log_cut":
      router.uncertain(meshId);
      for (const link of registry.ofMesh(meshId)) void link.openDestinations(true).catch(() => restartLink(link));
  }
}

export function tellOwed(
  meshId: string,
  memberId: string,
  { registry, receipts, notices }: Pick<LinkParts, "registry" | "receipts" | "notices">,
): void {
  if (registry.get(meshId, memberId) === null) return;
  void receipts.returned(meshId, memberId);
  void notices.tell(meshId, memberId);
}
