import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { DestinationKey } from "../../protocol/frames.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BrokerStore, CursorRow } from "../store/store.ts";
import { ackGroup } from "./ack-group.ts";
import { dmKey, type PushEntry, pushEntry, stubItem } from "./push-entry.ts";
import type { Tail } from "./tail.ts";
import { createWindow } from "./window.ts";

export interface PumpLink {
  readonly meshId: string;
  readonly memberId: string;
  readonly linkEpoch: number;
  readonly life: string;
  readonly inlineBytes: number;
  sendText(json: string): void;
  /** A newer link of the member acknowledges now, or the store began another life. */
  superseded(): void;
}

export interface PumpParts {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: BrokerLimits;
  readonly tail: Tail;
  /** The highest committed sequence number of the mesh that this broker knows of. */
  head(): number;
  /** Cursors of topics moved, durably. */
  acknowledged(topicDestinations: readonly { destination: DestinationKey; seq: number }[]): void;
}

/**
 * Pushes one link's destinations from the log, each by its cursor, round-robin, within the link's window.
 * A destination is `wanted` from a wake-up until a read finds nothing above `covered`; one read is under way at a
 * time, and `covered` only grows, so nothing is pushed twice on a link.
 */
export interface Pump {
  /** Sets the destinations as the store has them; those gone are dropped, `tailFrom` bounds what the tail may serve. */
  open(cursors: readonly CursorRow[], tailFrom: number): void;
  /** The log was cut back: every destination starts again from its cursor. */
  reopen(cursors: readonly CursorRow[], tailFrom: number): void;
  wake(destination: DestinationKey): void;
  acknowledge(acks: readonly { destination: DestinationKey; seq: number }[]): void;
  destinations(): readonly DestinationKey[];
  /** Those that new messages may still reach: ended subscriptions are only caught up with. */
  listening(): readonly DestinationKey[];
  close(): void;
}

interface Destination {
  readonly key: DestinationKey;
  /** Everything of the destination up to here has been pushed on this link or was acknowledged before. */
  covered: number;
  lastSeq: number | null;
  tailFrom: number;
  wanted: boolean;
  wakes: number;
}

export function createPump(link: PumpLink, parts: PumpParts): Pump {
  const { limits, metrics } = parts;
  let destinations = new Map<DestinationKey, Destination>();
  const window = createWindow(limits);
  let running = false;
  let closed = false;
  let turn: Destination[] = [];
  const acks = ackGroup(link, parts, () => void run());

  function tailKey(destination: Destination): string {
    return destination.key === dmKey ? `dm:${link.memberId}` : destination.key;
  }

  /** The next wanted destination with room, in rotation. */
  function next(): Destination | null {
    for (let tried = turn.length; tried > 0; tried -= 1) {
      const destination = turn.shift();
      if (destination === undefined) return null;
      turn.push(destination);
      if (destination.wanted && window.room(destination.key) > 0) return destination;
    }
    return null;
  }

  async function run(): Promise<void> {
    if (running || closed) return;
    running = true;
    try {
      for (let destination = next(); destination !== null && !closed; destination = next()) {
        const served = pushFromTail(destination);
        if (!served) await pushFromStore(destination);
      }
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown, "store_unavailable");
      metrics.storeErrors.inc({ code: error.code });
      parts.log.warn(
        { mesh_id: link.meshId, code: error.code, error: error.message },
        "reading the log for a link failed",
      );
      parts.clock.after(limits.pumpRetryMs, () => void run());
    } finally {
      running = false;
    }
  }

  function pushFromTail(destination: Destination): boolean {
    if (destination.lastSeq !== null || destination.covered < destination.tailFrom) return false;
    const head = parts.head();
    const countMax = Math.min(window.room(destination.key), limits.frameItemsMax);
    const entries = parts.tail.after(tailKey(destination), destination.covered, countMax);
    if (entries === null) return false;
    // As when reading the store: a topic's sender has its own messages already.
    const owed = destination.key === dmKey ? entries : entries.filter(({ sender }) => sender !== link.memberId);
    pushEntries(destination, owed);
    destination.covered = Math.max(destination.covered, entries.at(-1)?.seq ?? 0);
    if (entries.length < countMax) {
      destination.covered = Math.max(destination.covered, head);
      destination.wanted = false;
    }
    return true;
  }

  async function pushFromStore(destination: Destination): Promise<void> {
    const head = parts.head();
    const { wakes } = destination;
    const messages = await parts.store.read(link.meshId, link.memberId, destination.key, {
      afterSeq: destination.covered,
      limitItems: Math.min(window.room(destination.key), limits.frameItemsMax),
      limitBytes: Math.max(1, limits.pushWindowBytes >> 2),
    });
    // Replaced while reading: what was read belongs to an older view of the log.
    if (closed || destinations.get(destination.key) !== destination) return;
    pushEntries(destination, messages.map(pushEntry));
    if (messages.length > 0) return;
    destination.covered = Math.max(destination.covered, head);
    // A wake-up while reading may speak of what this read did not see yet.
    destination.wanted = destination.wakes !== wakes;
  }

  function pushEntries(destination: Destination, entries: readonly PushEntry[]): void {
    let items: string[] = [];
    let frameBytes = 0;
    const flush = (): void => {
      if (items.length === 0) return;
      metrics.pushed.inc(items.length);
      link.sendText(`{"type":"push","items":[${items.join(",")}]}`);
      items = [];
      frameBytes = 0;
    };
    for (const entry of entries) {
      const json = itemJson(entry);
      // Three bytes per UTF-16 unit is the most that UTF-8 takes; meta is the only part that is not ASCII.
      if (items.length > 0 && frameBytes + json.length * 3 > limits.frameBytesMax) flush();
      items.push(json);
      frameBytes += json.length * 3 + 1;
      destination.covered = entry.seq;
      window.add(destination.key, entry.seq, json.length);
    }
    flush();
  }

  function itemJson(entry: PushEntry): string {
    const tooLarge = entry.bodyBytes > link.inlineBytes || entry.json().length * 3 + 64 > limits.frameBytesMax;
    if (!tooLarge) return entry.json();
    metrics.pushStubs.inc({ reason: "too_large_for_link" });
    return JSON.stringify(stubItem(entry.message, "too_large_for_link"));
  }

  function setDestinations(cursors: readonly CursorRow[], tailFrom: number, keep: boolean): void {
    const old = destinations;
    destinations = new Map();
    for (const { destination: key, seq, lastSeq } of cursors) {
      const known = keep ? old.get(key) : undefined;
      if (known !== undefined && known.lastSeq === lastSeq) destinations.set(key, known);
      else
        destinations.set(key, {
          key,
          covered: Math.max(seq, known?.covered ?? 0),
          lastSeq,
          tailFrom,
          wanted: true,
          wakes: 0,
        });
    }
    for (const key of old.keys()) if (!keep || !destinations.has(key)) window.forget(key);
    turn = [...destinations.values()];
    void run();
  }

  return {
    open: (cursors, tailFrom) => setDestinations(cursors, tailFrom, true),
    reopen: (cursors, tailFrom) => setDestinations(cursors, tailFrom, false),
    wake(key) {
      const destination = destinations.get(key);
      if (destination === undefined) return;
      destination.wanted = true;
      destination.wakes += 1;
      void run();
    },
    acknowledge(items) {
      for (const { destination, seq } of items) {
        const covered = window.acknowledge(destination, seq);
        if (covered !== null) acks.add(destination, covered);
      }
    },
    destinations: () => [...destinations.keys()],
    listening: () => [...destinations.values()].filter(({ lastSeq }) => lastSeq === null).map(({ key }) => key),
    close() {
      closed = true;
      acks.close();
    },
  };
}
