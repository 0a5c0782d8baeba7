import { serviceRestartCode } from "../../protocol/close-codes.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { LiveLink } from "../link/live-link.ts";
import type { BusMessage } from "./bus.ts";

export type HearParts = Pick<
  LinkParts,
  "router" | "registry" | "receipts" | "notices" | "progress" | "queues" | "metrics" | "log"
> & { readonly store: Pick<LinkParts["store"], "life"> };

/** What another broker's word means for the links of this one. */
export function hear(message: BusMessage, parts: HearParts): void {
  const { router, registry } = parts;
  const { mesh_id: meshId } = message;
  switch (message.kind) {
    case "reached":
      for (const key of message.keys)
        if (key.startsWith("queue:")) parts.queues.wake(meshId, key.slice("queue:".length));
      // Said by a broker that was held up while the store failed over: here its numbers would hide what stands there now.
      return message.life === parts.store.life() ? router.reached(meshId, message) : undefined;
    case "link_opened": {
      const link = registry.get(meshId, message.member_id);
      if (link === null || link.life !== message.life || link.linkEpoch >= message.link_epoch) return;
      const own = link.instanceId === message.instance_id || link.instanceId === message.previous_instance_id;
      return replaceLink(link, own, parts);
    }
    case "event":
      return registry.broadcast(meshId, message.event, message.except ?? undefined);
    case "topic_moved":
      return parts.progress.moved(meshId, message.topic_id);
    case "queue_ready":
      return parts.queues.wake(meshId, message.queue);
    case "owed":
      return tellOwed(meshId, message.member_id, parts);
    case "log_cut":
      router.uncertain(meshId);
      for (const link of registry.ofMesh(meshId)) void link.openDestinations(true).catch(() => endLink(link));
  }
}

/** A newer link of the member is open: its own half-open connection goes without a word, another daemon's is told why. */
export function replaceLink(link: LiveLink, own: boolean, { registry }: Pick<LinkParts, "registry">): void {
  registry.remove(link);
  if (own) return link.terminate();
  link.close("replaced_by_newer_connection", "another daemon opened a link as this member");
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

/** Its daemon comes back by itself and shows what it holds. */
export function endLink(link: LiveLink): void {
  link.closeWith(serviceRestartCode, "service_restart");
}
