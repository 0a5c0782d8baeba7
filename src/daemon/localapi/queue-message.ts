import type { Log } from "../../base/log.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { HistoryItem } from "../../protocol/local-api.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import { createMemberKeys } from "../link/member-keys.ts";
import { readQueues } from "../link/directory.ts";
import { createPushCheck, needsNewerPolicy } from "../link/push-check.ts";
import type { Directory, Keyring, Link, Membership } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { askOfQueue } from "./ask-of-queue.ts";
import { historyItem } from "./history-item.ts";

/**
 * Messages of a queue as their consumer is shown them, after all that a pushed one is checked for, and that they were sent
 * to that queue. Of one that fails nothing but its place and the reason is shown: nobody is to work on it.
 */
export type QueueMessagesOf = (items: readonly PushItem[], queue: string) => Promise<readonly QueueMessage[]>;

export interface QueueMessage {
  readonly shown: HistoryItem;
  /** Its files, with their keys. */
  readonly attachments: readonly Attachment[];
  /** Why this member cannot work on it, though another might; null: it can be worked on, or by nobody. */
  readonly sealedFrom: string | null;
}

export function createQueueMessages(parts: {
  readonly link: Link;
  readonly self: Self;
  readonly mesh: MeshFile;
  readonly membership: Pick<Membership, "state">;
  readonly keyring: Pick<Keyring, "open" | "hasEpochKey" | "follow">;
  readonly log: Log;
}): QueueMessagesOf {
  const { link, self, keyring } = parts;
  const keyOf = createMemberKeys();

  /** What is known of the mesh; with the queue's policy as it is now, where one that is older would refuse a message. */
  async function directoryFor(items: readonly PushItem[], queue: string): Promise<Directory | null> {
    const known = link.directory();
    if (!needsNewerPolicy({ directory: { current: () => known } }, items)) return known;
    const queues = readQueues(await askOfQueue(link, queue, { type: "queues", counts: false }));
    return { members: [], topics: [], ...known, queues };
  }

  /** A queue's key may have been made a moment ago. */
  async function fetchKeys(items: readonly PushItem[]): Promise<void> {
    const missing = items.some(
      ({ envelope }) => envelope?.algorithm === "epoch-v1" && !keyring.hasEpochKey(envelope.sealed_to ?? ""),
    );
    if (!missing || parts.membership.state() === null) return;
    // The messages are under their leases by now: without news of keys they are shown as what they are.
    await keyring
      .follow((frame) => link.request(frame), { wholly: true })
      .catch((error: unknown) =>
        parts.log.warn({ error: String(error) }, "the keys of a queue could not be asked for"),
      );
  }

  return async (items, queue) => {
    const directory = await directoryFor(items, queue);
    await fetchKeys(items);
    const check = createPushCheck({ ...parts, identity: self, directory: { current: () => directory } }, keyOf);
    return items.map((item) => {
      const checked = check(item);
      const { envelope } = checked.item;
      const elsewhere =
        envelope !== null && (envelope.destination_kind !== "queue" || envelope.destination_ref !== queue);
      const wrong = elsewhere ? { ...checked, invalid: "it was sent elsewhere" } : checked;
      return {
        shown: historyItem(wrong, directory, self),
        attachments: wrong.invalid === null ? (wrong.attachments ?? []) : [],
        sealedFrom: wrong.invalid === null ? (wrong.undecryptable?.reason ?? null) : null,
      };
    });
  };
}
