import type { LinkParts } from "../link/link-parts.ts";
import type { BusMessage } from "./bus.ts";
import { isOwnInstance } from "../store/link-store.ts";
import { endLost, kickLink, replaceLink, restartLink } from "./ended.ts";

export type HearParts = Pick<
  LinkParts,
  "membership" | "router" | "registry" | "receipts" | "notices" | "progress" | "queues" | "keyNews" | "clock"
> & {
  readonly store: Pick<LinkParts["store"], "life" | "member" | "shared">;
};

/** What another broker's word means for the links of this one. */
export function hear(message: BusMessage, parts: HearParts): void {
  const { router, registry } = parts;
  const { mesh_id: meshId } = message;
  switch (message.kind) {
    case "reached":
      for (const key of message.keys)
        if (key.startsWith("queue:")) parts.queues.wake(meshId, key.slice("queue:".length));
      // Numbers of a life that is over would hide what stands there now; one that is not yet met here is met by reading.
      if (message.life !== parts.store.life()) return router.uncertain(meshId);
      return router.reached(meshId, message);
    case "link_opened": {
      const link = registry.get(meshId, message.member_id);
      if (link === null || link.life !== message.life || link.linkEpoch >= message.link_epoch) return;
      return replaceLink(link, isOwnInstance(link.instanceId, message) ? null : message.instance_id, parts);
    }
    case "member_kicked":
      for (const link of registry.ofMember(meshId, message.member_id))
        if (link.life === message.life && (!link.receives || link.linkEpoch < message.link_epoch))
          void kickLink(link, message, parts).catch(() => restartLink(link));
      return;
    case "links_changed": {
      const links = message.member_ids.flatMap((memberId) => registry.ofMember(meshId, memberId));
      if (parts.store.shared === null || links.length === 0) return;
      // Should the store not answer, the next sweep asks again.
      return void endLost(links, parts.store.shared, parts).catch(() => undefined);
    }
    case "event":
      return registry.broadcast(meshId, message.event, message.except ?? undefined);
    case "event_for":
      for (const memberId of message.only)
        for (const link of registry.ofMember(meshId, memberId)) link.send(message.event);
      return;
    case "membership_changed":
      return parts.membership.heard(message);
    case "topic_moved":
      return parts.progress.moved(meshId, message.topic_id);
    case "queue_ready":
      return parts.queues.wake(meshId, message.queue);
    case "keys_changed":
      return parts.keyNews.heard(meshId);
    case "keys_wanted":
      return parts.keyNews.asked(meshId, message.destinations);
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
  if (registry.ofMember(meshId, memberId).length === 0) return;
  void receipts.returned(meshId, memberId);
  void notices.tell(meshId, memberId);
}
