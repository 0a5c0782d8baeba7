import type { SendAnswer } from "../../protocol/frames.ts";
import type { CheckedItem } from "./check-item.ts";
import type { SenderLink } from "./sender-link.ts";

export interface QueuedItem extends CheckedItem {
  readonly link: SenderLink;
  /** `dm:…`, `topic:…` or `queue:…` as addressed: what accept order is kept for. */
  readonly destination: string;
  settle(answer: SendAnswer): void;
}

/** Envelopes of one mesh that wait for their transaction, in order of arrival. */
export interface MeshQueue {
  push(item: QueuedItem): void;
  /**
   * Up to `countMax` items with each id once. A second item of the same id waits for the next batch (where B0 answers
   * it), and with it whatever its link sent later, so that no link's order changes.
   */
  take(countMax: number): QueuedItem[];
  /** Whether one of these ids is among those that {@link take} of `countMax` looks at. */
  has(ids: ReadonlySet<string>, countMax: number): boolean;
  count(): number;
  bytes(): number;
}

export function createMeshQueue(): MeshQueue {
  let waiting: QueuedItem[] = [];
  let head = 0;
  let bytes = 0;

  function takeOne(item: QueuedItem, batch: QueuedItem[], ids: Set<string>): void {
    ids.add(item.envelope.client_message_id);
    batch.push(item);
    bytes -= item.bodyBytes;
  }

  return {
    push(item) {
      waiting.push(item);
      bytes += item.bodyBytes;
    },
    take(countMax) {
      const batch: QueuedItem[] = [];
      const ids = new Set<string>();
      const passedOver: QueuedItem[] = [];
      const heldLinks = new Set<SenderLink>();
      while (head < waiting.length && batch.length < countMax && passedOver.length < countMax) {
        const item = waiting[head];
        head += 1;
        if (item === undefined) break;
        if (heldLinks.size > 0 && heldLinks.has(item.link)) passedOver.push(item);
        else if (ids.has(item.envelope.client_message_id)) {
          heldLinks.add(item.link);
          passedOver.push(item);
        } else takeOne(item, batch, ids);
      }
      if (passedOver.length > 0) {
        waiting = [...passedOver, ...waiting.slice(head)];
        head = 0;
      } else if (head === waiting.length) {
        waiting = [];
        head = 0;
      } else if (head > 4_096) {
        waiting = waiting.slice(head);
        head = 0;
      }
      return batch;
    },
    has(ids, countMax) {
      const end = Math.min(waiting.length, head + 2 * countMax);
      for (let index = head; index < end; index += 1)
        if (ids.has(waiting[index]?.envelope.client_message_id ?? "")) return true;
      return false;
    },
    count: () => waiting.length - head,
    bytes: () => bytes,
  };
}
