import type { PushItem } from "../../protocol/frames.ts";
import type { Keyring, LinkRequest, Membership } from "../parts.ts";
import { needsNewerPolicy, type PushCheckContext } from "./push-check.ts";

/** Heads and epochs that were asked for in vain, before they are forgotten. */
const rememberedMax = 4_096;

/** What has to be asked of the broker before a push can be judged: it may speak of what was told a moment ago. */
export interface NewsFirst {
  needed(items: readonly PushItem[]): boolean;
  /** Asks, each thing once: what it does not bring, a push is not held up for again. */
  fetch(items: readonly PushItem[]): Promise<void>;
}

export function createNewsFirst(
  context: PushCheckContext & { readonly membership: Membership; readonly keyring: Keyring },
  request: LinkRequest,
  refreshDirectory: () => Promise<void>,
): NewsFirst {
  const { membership, keyring } = context;
  const asked = new Set<string>();

  function unknownHeads(items: readonly PushItem[]): string[] {
    const places = membership.state()?.places;
    if (places === undefined) return [];
    return items.flatMap(({ envelope }) => {
      const head = envelope?.membership_head;
      return typeof head !== "string" || places.has(head) || asked.has(head) ? [] : [head];
    });
  }

  function missingKeys(items: readonly PushItem[]): string[] {
    if (membership.state() === null) return [];
    return items.flatMap(({ envelope }) => {
      if (envelope?.algorithm !== "epoch-v1" || typeof envelope.sealed_to !== "string") return [];
      return keyring.hasEpochKey(envelope.sealed_to) || asked.has(envelope.sealed_to) ? [] : [envelope.sealed_to];
    });
  }

  function remember(names: readonly string[]): void {
    if (asked.size + names.length > rememberedMax) asked.clear();
    for (const name of names) asked.add(name);
  }

  return {
    needed: (items) =>
      needsNewerPolicy(context, items) || unknownHeads(items).length > 0 || missingKeys(items).length > 0,
    async fetch(items) {
      const heads = unknownHeads(items);
      if (heads.length > 0) await membership.follow(request);
      remember(heads);
      if (needsNewerPolicy(context, items)) await refreshDirectory();
      const keys = missingKeys(items);
      if (keys.length > 0) await keyring.follow(request, { wholly: true });
      remember(keys);
    },
  };
}
