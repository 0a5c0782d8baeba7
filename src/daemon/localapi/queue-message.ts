import type { Log } from "../../base/log.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import { createMemberKeys } from "../link/member-keys.ts";
import { createPushCheck } from "../link/push-check.ts";
import type { Link } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { historyItem } from "./history-item.ts";

/**
 * A message of a queue as its consumer is shown it, after all that a pushed one is checked for, and that it was sent to
 * that queue. Of one that fails nothing but its place and the reason is shown: nobody is to work on it.
 */
export type QueueMessageOf = (item: PushItem, queue: string) => HistoryItem;

export function createQueueMessages(parts: {
  readonly link: Link;
  readonly self: Self;
  readonly mesh: MeshFile;
  readonly log: Log;
}): QueueMessageOf {
  const { link, self, mesh, log } = parts;
  const directory = { current: () => link.directory() };
  const check = createPushCheck({ mesh, identity: self, directory, log }, createMemberKeys());
  return (item, queue) => {
    const checked = check(item);
    const { envelope } = checked.item;
    const wrong =
      checked.invalid ??
      (envelope !== null && (envelope.destination_kind !== "queue" || envelope.destination_ref !== queue)
        ? "it was sent elsewhere"
        : null);
    const shown = wrong === null ? checked.item : { ...checked.item, envelope: null, stub_reason: wrong };
    return historyItem(shown, link.directory(), self);
  };
}
