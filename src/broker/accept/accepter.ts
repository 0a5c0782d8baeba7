import { ClaudemeshError } from "../../protocol/error.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import { type AcceptParts, acceptBatch, type KnownIds, lookUpBatch } from "./accept-batch.ts";
import { refusalAnswer, refusalOf } from "./answer.ts";
import { createTurns } from "../turns.ts";
import { checkItem, claimedId } from "./check-item.ts";
import { createMeshQueue, type MeshQueue, type QueuedItem } from "./mesh-queue.ts";
import type { SenderLink } from "./sender-link.ts";

export interface AccepterLimits {
  readonly acceptBatchMax: number;
  /** Batches of all meshes under way at once. What waits for its turn grows meanwhile: fewer and fuller batches. */
  readonly acceptBatchesMax: number;
  readonly acceptQueueMax: number;
  readonly acceptQueueBytesMax: number;
}

/**
 * One queue and at most one running transaction per mesh; what arrives meanwhile is the next batch. A full one is looked up
 * (B0) while the one before it commits, unless they have an id in common: its record would be missed, and the retry charged.
 */
export interface Accepter {
  /** Answers in item order. Never rejects: what fails, fails in its own answer. */
  accept(link: SenderLink, items: readonly unknown[], answered: (answers: SendAnswer[]) => void): void;
  /** The mesh's queue is full: its links are not read until `onRoom` fires. */
  full(meshId: string): boolean;
  onRoom(listener: (meshId: string) => void): void;
  /**
   * Finishes the batches under way. What still waits is dropped unanswered, for its daemon to resend; a direct caller,
   * who cannot know that, is answered `stopping`.
   */
  stop(): Promise<void>;
}

interface Batch {
  readonly items: readonly QueuedItem[];
  readonly known: Promise<KnownIds>;
}

interface Lane {
  readonly queue: MeshQueue;
  running: Promise<void> | null;
  wasFull: boolean;
}

export function createAccepter(parts: AcceptParts, limits: AccepterLimits): Accepter {
  const lanes = new Map<string, Lane>();
  const roomListeners: ((meshId: string) => void)[] = [];
  let stopping = false;
  const turns = createTurns(limits.acceptBatchesMax);

  function laneOf(meshId: string): Lane {
    let lane = lanes.get(meshId);
    if (lane === undefined) {
      lane = { queue: createMeshQueue(), running: null, wasFull: false };
      lanes.set(meshId, lane);
    }
    return lane;
  }

  function take(meshId: string, lane: Lane): Batch {
    const items = lane.queue.take(limits.acceptBatchMax);
    parts.metrics.acceptQueue.dec(items.length);
    return { items, known: lookUpBatch(meshId, items, parts) };
  }

  /** The batch behind the one that runs, if it is a full one already. */
  function takeAhead(meshId: string, lane: Lane, running: Batch): Batch | null {
    if (lane.queue.count() < limits.acceptBatchMax || stopping) return null;
    const ids = new Set(running.items.map(({ envelope }) => envelope.client_message_id));
    return lane.queue.has(ids, limits.acceptBatchMax) ? null : take(meshId, lane);
  }

  async function run(meshId: string, lane: Lane): Promise<void> {
    let ahead: Batch | null = null;
    while (ahead !== null || (lane.queue.count() > 0 && !stopping)) {
      // One turn of the event loop: everything its sockets deliver joins this batch.
      if (ahead === null) await new Promise<void>((resolve) => setImmediate(resolve));
      const before: Batch | null = ahead;
      ahead = await turns.take(async () => {
        if (before === null && stopping) return null;
        const batch = before ?? take(meshId, lane);
        const accepting = acceptBatch(meshId, batch.items, batch.known, parts);
        const next = takeAhead(meshId, lane, batch);
        await accepting;
        return next;
      });
      if (
        lane.wasFull &&
        lane.queue.count() * 2 <= limits.acceptQueueMax &&
        lane.queue.bytes() * 2 <= limits.acceptQueueBytesMax
      ) {
        lane.wasFull = false;
        for (const listener of roomListeners) listener(meshId);
      }
    }
    lane.running = null;
    if (!stopping) lanes.delete(meshId);
  }

  return {
    accept(link, items, answered) {
      if (stopping) {
        if (link.direct !== null) answered(items.map((item) => refusalAnswer(claimedId(item), stoppingRefusal)));
        return;
      }
      const answers = new Array<SendAnswer>(items.length);
      let left = items.length;
      const settle = (index: number, answer: SendAnswer): void => {
        answers[index] = answer;
        left -= 1;
        if (left > 0) return;
        for (const { status } of answers) parts.metrics.acceptTotal.inc({ status });
        answered(answers);
      };
      if (left === 0) return answered([]);
      const queued: QueuedItem[] = [];
      for (const [index, value] of items.entries()) {
        try {
          const checked = checkItem(value, link);
          const { destination_kind, destination_ref } = checked.envelope;
          queued.push({
            ...checked,
            link,
            destination: orderKey(destination_kind, destination_ref),
            settle: (answer) => settle(index, answer),
          });
        } catch (thrown) {
          const { code, message } = ClaudemeshError.from(thrown, "invalid_envelope");
          settle(index, refusalAnswer(claimedId(value), refusalOf(code, message)));
        }
      }
      if (queued.length === 0) return;
      const lane = laneOf(link.meshId);
      for (const item of queued) lane.queue.push(item);
      parts.metrics.acceptQueue.inc(queued.length);
      lane.running ??= run(link.meshId, lane);
    },
    full(meshId) {
      const lane = lanes.get(meshId);
      if (lane === undefined) return false;
      const full = lane.queue.count() >= limits.acceptQueueMax || lane.queue.bytes() >= limits.acceptQueueBytesMax;
      if (full) lane.wasFull = true;
      return full;
    },
    onRoom: (listener) => void roomListeners.push(listener),
    async stop() {
      stopping = true;
      await Promise.all([...lanes.values()].map((lane) => lane.running));
      for (const { queue } of lanes.values())
        while (queue.count() > 0)
          for (const item of queue.take(limits.acceptBatchMax))
            if (item.link.direct !== null) item.settle(refusalAnswer(item.envelope.client_message_id, stoppingRefusal));
      lanes.clear();
    },
  };
}

const stoppingRefusal = refusalOf("stopping", "The broker is stopping; send again.");

/** All dms of one member are one destination, whatever agent they name (delivery.md §7). */
function orderKey(kind: string, ref: string): string {
  const slash = kind === "dm" ? ref.indexOf("/") : -1;
  return `${kind}:${slash === -1 ? ref : ref.slice(0, slash)}`;
}
