import type { Log } from "../../base/log.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import { createMemberKeys } from "../link/member-keys.ts";
import { readQueues } from "../link/directory.ts";
import { createPushCheck, needsNewerPolicy } from "../link/push-check.ts";
import type { Directory, Link } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { askOfQueue } from "./ask-of-queue.ts";
import { historyItem } from "./history-item.ts";

/**
 * Messages of a queue as their consumer is shown them, after all that a pushed one is checked for, and that they were sent
 * to that queue. Of one that fails nothing but its place and the reason is shown: nobody is to work on it.
 */
export type QueueMessagesOf = (items: readonly PushItem[], queue: string) => Promise<readonly HistoryItem[]>;

export function createQueueMessages(parts: {
  readonly link: Link;
  readonly self: Self;
  readonly mesh: MeshFile;
  readonly log: Log;
}): QueueMessagesOf {
  const { link, self, mesh, log } = parts;
  const keyOf = createMemberKeys();

  /** What is known of the mesh; with the queue's policy as it is now, where one that is older would refuse a message. */
  async function directoryFor(items: readonly PushItem[], queue: string): Promise<Directory | null> {
    const known = link.directory();
    if (!needsNewerPolicy({ directory: { current: () => known } }, items)) return known;
    const queues = readQueues(await askOfQueue(link, queue, { type: "queues", counts: false }));
    return { members: [], topics: [], ...known, queues };
  }

  return async (items, queue) => {
    const directory = await directoryFor(items, queue);
    const check = createPushCheck({ mesh, identity: self, directory: { current: () => directory }, log }, keyOf);
    return items.map((item) => {
      const checked = check(item);
      const { envelope } = checked.item;
      const wrong =
        checked.invalid ??
        (envelope !== null && (envelope.destination_kind !== "queue" || envelope.destination_ref !== queue)
          ? "it was sent elsewhere"
          : null);
      const shown = wrong === null ? checked.item : { ...checked.item, envelope: null, stub_reason: wrong };
      return historyItem(shown, directory, self);
    });
  };
}
