import type { BrokerStore } from "../store/store.ts";
import type { Pump } from "./pump.ts";
import type { MeshRoute } from "./router.ts";

/**
 * Reads a member's destinations from the store, pushes what they hold, and listens for more. From the head's reading to the
 * index nothing is awaited: what is passed over before this pump is asked for lies at or below `tailFrom`, and what comes
 * after it wakes the pump.
 */
export async function openDestinations(
  link: { readonly meshId: string; readonly memberId: string; readonly pump: Pump; gone(): boolean },
  route: Pick<MeshRoute, "head" | "raiseHead" | "index">,
  store: Pick<BrokerStore, "cursors" | "log">,
  cutBack: boolean,
): Promise<void> {
  const cursors = await store.cursors(link.meshId, link.memberId);
  const { head } = await store.log(link.meshId);
  // Indexing it now would keep it for ever.
  if (link.gone()) return;
  route.raiseHead(head);
  const tailFrom = Math.max(head, route.head());
  if (cutBack) link.pump.reopen(cursors, tailFrom);
  else link.pump.open(cursors, tailFrom);
  route.index(link.pump);
}
