import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { RoutedMessage } from "../store/store.ts";
import { pushEntry, routeKey } from "./push-entry.ts";
import type { Tail } from "./tail.ts";

/**
 * Keeps a mesh's tail without a hole although several brokers append to its log. `known` is the number up to which everything
 * that a link here may want is in the tail. What this broker commits comes with its messages. What others commit is told
 * by its last number and destinations: without a link here that wants one of them, it is passed over; otherwise the log is read,
 * once for all links. Commits arrive in any order: own ones ahead of a hole wait until it is filled.
 *
 * States: *lost* (`known` null: nothing is remembered, links read the store for themselves), *even* (nothing outstanding), *filling*
 * (one reading at a time until `target` is reached). A failed reading goes back to lost, which is always right and only costs more.
 *
 * `known` only moves over a number in one of three ways: its message went into the tail and its links were woken; no link here wanted
 * it; or every link was woken to read the store, which has whatever has a lower number than anything committed. So what is told
 * of numbers up to `known` is no news.
 */
export interface Follower {
  /** The number up to which the tail is complete; 0 when lost. */
  known(): number;
  /** Committed here, in sequence order. */
  own(messages: readonly RoutedMessage[]): void;
  /** Committed somewhere: everything in [first, last] is for `keys`; null: for whom is not known. */
  reached(first: number, last: number, keys: readonly string[] | null): void;
  /** Nothing is certain any more: links read the store. */
  lose(): void;
}

export interface FollowParts {
  readonly tail: Tail;
  readonly log: Log;
  readonly limits: { readonly tailItemsMax: number; readonly readItemsMax: number; readonly readBytesMax: number };
  read(range: { afterSeq: number; toSeq: number; limitItems: number; limitBytes: number }): Promise<RoutedMessage[]>;
  /** Whether a link here wants the key's messages. */
  wanted(key: string): boolean;
  /** Wakes the links that want these; null: all of them. */
  wake(keys: ReadonlySet<string> | null): void;
}

export function createFollower(parts: FollowParts): Follower {
  const { tail, limits } = parts;
  let known: number | null = null;
  let target = 0;
  /** Own commits above a hole, by their first number. */
  let held = new Map<number, readonly RoutedMessage[]>();
  let filling = false;
  /** Of what is remembered: what was asked for before a loss says nothing about what is remembered after it. */
  let memory = 0;

  function lose(): void {
    tail.reset();
    memory += 1;
    known = null;
    target = 0;
    held = new Map();
    parts.wake(null);
  }

  function append(messages: readonly RoutedMessage[]): void {
    const keys = new Set<string>();
    for (const message of messages) {
      const key = routeKey(message.routed);
      // Kept for nobody it would only be memory; whoever wants the key from now on begins behind `known`.
      if (parts.wanted(key)) {
        tail.append(key, pushEntry(message));
        keys.add(key);
      } else tail.skipTo(message.seq);
      known = message.seq;
    }
    if (keys.size > 0) parts.wake(keys);
  }

  /** Own commits that follow on what is known, or that a reading has overtaken in part: each may make the next one follow. */
  function appendHeld(): void {
    for (let next = takeHeld(); next !== null; next = takeHeld()) if (next.length > 0) append(next);
  }

  /** Of the held commits one that begins at or below the next number: what of it is above `known`. null: there is none. */
  function takeHeld(): readonly RoutedMessage[] | null {
    if (known === null) return null;
    const follows = known + 1;
    for (const [first, messages] of held) {
      if (first > follows) continue;
      held.delete(first);
      return first === follows ? messages : messages.filter(({ seq }) => seq >= follows);
    }
    return null;
  }

  function outstanding(): number | null {
    if (known === null) return null;
    const firstHeld = Math.min(...held.keys());
    const to = Number.isFinite(firstHeld) ? firstHeld - 1 : target;
    return to > known ? to : null;
  }

  async function fill(): Promise<void> {
    if (filling) return;
    filling = true;
    try {
      for (let to = outstanding(); to !== null; to = outstanding()) {
        const from: number = known ?? 0;
        const before = memory;
        if (to - from > limits.tailItemsMax) return lose();
        const read = await parts.read({
          afterSeq: from,
          toSeq: to,
          limitItems: limits.readItemsMax,
          limitBytes: limits.readBytesMax,
        });
        // Lost meanwhile: what was read is of an older view.
        if (memory !== before || known !== from) continue;
        if (read.length === 0) return lose();
        append(read);
        appendHeld();
      }
    } catch (thrown) {
      parts.log.debug(
        { error: ClaudemeshError.from(thrown).message },
        "following the log failed; links read for themselves",
      );
      lose();
    } finally {
      filling = false;
    }
  }

  return {
    known: () => known ?? 0,
    lose,
    own(messages) {
      const first = messages[0]?.seq;
      const last = messages.at(-1)?.seq;
      if (first === undefined || last === undefined) return;
      if (known === null) {
        append(messages);
        // What others committed below while nothing was remembered is in no tail, and was perhaps never told here.
        parts.wake(null);
      } else if (first === known + 1) {
        append(messages);
        appendHeld();
      } else if (first > known) held.set(first, messages);
      target = Math.max(target, last);
      if (held.size > limits.tailItemsMax) return lose();
      if (outstanding() !== null) void fill();
    },
    reached(first, last, keys) {
      if (known === null) {
        // Nothing below is remembered, and not all of it was told here: every link reads the store once.
        tail.skipTo(last);
        known = last;
        return parts.wake(null);
      }
      if (last <= known) return;
      if (first <= known + 1 && keys !== null && !keys.some(parts.wanted)) {
        tail.skipTo(last);
        known = last;
        appendHeld();
      }
      target = Math.max(target, last);
      if (outstanding() !== null) void fill();
    },
  };
}
