import type { KeyObject } from "node:crypto";
import { createInTurn } from "../../base/in-turn.ts";
import { fullJitter } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import { applyEntry } from "../../protocol/membership/apply-entry.ts";
import { nextEntry } from "../../protocol/membership/chain.ts";
import type { EntryContent, LogPlace, MembershipEntry } from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { LinkRequest, Membership, MembershipTrouble } from "../parts.ts";
import { askChain, type ChainAnswer } from "./broker-answer.ts";
import type { ChainDisk } from "./chain-disk.ts";
import { draftOf, settled } from "./draft-state.ts";
import { type EntryEvent, eventsOf } from "./entry-events.ts";
import { requireOwnMembership } from "./own-standing.ts";
import { type MembershipFile, openMembershipFile, writeChain } from "./membership-file.ts";
import { troubles } from "./troubles.ts";

export interface MembershipOptions {
  readonly dir: string;
  readonly meshId: string;
  readonly identity: { readonly memberId: string; readonly keyId: string; readonly signingKey: KeyObject };
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly disk?: ChainDisk;
  /** The chain of a member that keeps nothing on disk; absent: membership.jsonl in `dir`. */
  readonly inMemory?: MembershipFile;
  /** Of the live link, for entries that this member makes; rejects while there is none. */
  readonly request: LinkRequest;
  /** Tells local listeners; never rejects. */
  tell(event: LocalEvent["event"], data: Record<string, unknown>): Promise<void>;
}

/** Others may append between two attempts; who loses so often finds a mesh that changes faster than it can follow. */
const appendAttemptsMax = 6;
const appendBackoff = { baseMs: 50, capMs: 1_000 };
/** Local callers that wait to make an entry. */
const appendsWaitingMax = 64;

/**
 * The pinned chain. Whatever a broker tells is verified on a draft, then written and synced, and only then in force. Asking
 * and appending take turns, so that there is one chain here that only grows. Throws as openMembershipFile.
 *
 * Where the broker stands, and what is done about it: at our head: nothing. Ahead, and its entries follow ours: they are
 * taken. Behind, at a place of ours: it has lost entries, which are handed in again. Anything else is a fork: ours stays.
 */
export function createMembership(options: MembershipOptions): Membership {
  const { clock, log, identity } = options;
  let file = options.inMemory ?? openMembershipFile(options.dir, options.meshId, log, options.disk);
  let state: MembershipState | null = file?.state ?? null;
  let trouble: MembershipTrouble | null = file === null ? troubles.unsealed() : null;
  let logPlace: LogPlace = { epoch: 0, seq: 0 };
  const listeners = new Set<(entry: MembershipEntry, state: MembershipState) => void>();

  const inTurn = createInTurn();

  /** Loud when it begins; told once, however often it is found. */
  async function enter(next: MembershipTrouble): Promise<void> {
    const before = trouble;
    trouble = next;
    if (before?.code === next.code) return;
    const { code, message, hint } = next;
    if (code === "mesh_unsealed") return log.warn({ code, hint }, message);
    log.error({ code, hint }, message.toUpperCase());
    if (code === "membership_forked" || code === "membership_rolled_back")
      await options.tell(code, { message, hint, ...held() });
  }

  function held(): { readonly n: number; readonly head: string } | null {
    return state === null ? null : { n: state.n, head: state.head };
  }

  function leaveTrouble(): void {
    if (trouble !== null) log.info({ code: trouble.code, ...held() }, "the broker's membership is this home's again");
    trouble = null;
  }

  /** Written, synced, then in force. A disk that fails leaves everything as it was. */
  async function put(entries: readonly MembershipEntry[], draft: MembershipState, events: readonly EntryEvent[]) {
    if (file === null || state === null) throw new TypeError("there is no chain to add to");
    if (entries.length === 0) return;
    try {
      file.append(entries);
    } catch (thrown) {
      throw ClaudemeshError.from(thrown, "store_unavailable");
    }
    const now = settled(draft, state);
    state = now;
    for (const entry of entries) for (const listener of listeners) listener(entry, now);
    for (const { event, data } of events) await options.tell(event, data);
  }

  /** Takes what follows ours and holds; what does not is kept out, with all behind it. */
  async function take(before: MembershipState, values: readonly unknown[]): Promise<MembershipTrouble | null> {
    const draft = draftOf(before);
    const taken: MembershipEntry[] = [];
    const events: EntryEvent[] = [];
    let refusal: MembershipTrouble | null = null;
    for (const value of values) {
      try {
        const entry = readEntry(value);
        if (entry.n === before.n + 1 && entry.previous !== before.head) refusal = troubles.forked(before.n);
        else {
          events.push(...apply(draft, entry));
          taken.push(entry);
        }
      } catch (thrown) {
        const { code, message } = ClaudemeshError.from(thrown);
        refusal = code === "membership_newer" ? troubles.newer(message) : troubles.invalid(draft.n + 1, message);
      }
      if (refusal !== null) break;
    }
    await put(taken, draft, events);
    return refusal;
  }

  /** True when it is worth asking the broker again: it has them now, or somebody else handed them in. */
  async function handIn(request: LinkRequest, after: number): Promise<boolean> {
    for (let place = after; ; ) {
      const page = file?.entries(place, limits.membershipPageMax) ?? [];
      if (page.length === 0) return true;
      for (const entry of page) {
        try {
          await request({ type: "membership_append", entry });
        } catch (thrown) {
          const error = ClaudemeshError.from(thrown);
          if (error.code === "membership_moved") return true;
          if (error.retryable) throw error;
          log.error({ n: entry.n, code: error.code }, `the broker does not take back what it lost: ${error.message}`);
          return false;
        }
        place = entry.n;
      }
    }
  }

  async function align(request: LinkRequest): Promise<void> {
    // Each round the broker stands higher than the last time that it was behind, or our chain has grown: there is an end.
    for (let brokerWasAt = -2; ; ) {
      const answer = await askChain(request, state?.n ?? -1);
      logPlace = answer.log;
      if (state === null) return enter(answer.head === null ? troubles.unsealed() : troubles.notPinned());
      const stands = standing(state, answer);
      if (stands === "same") return leaveTrouble();
      if (stands === "forked") return enter(troubles.forked(state.n));
      if (stands === "ahead") {
        const refusal = answer.entries.length === 0 ? withheld(state) : await take(state, answer.entries);
        if (refusal !== null) return enter(refusal);
        // A page of more; else this was all, and needs no second look.
        if (state.n < (answer.head?.n ?? 0)) continue;
        return state.head === answer.head?.hash ? leaveTrouble() : enter(troubles.forked(state.n));
      }
      const brokerN = answer.head?.n ?? -1;
      await enter(troubles.rolledBack(brokerN, state.n));
      if (brokerN <= brokerWasAt) return;
      brokerWasAt = brokerN;
      if (!(await handIn(request, brokerN))) return;
    }
  }

  let followWaits: { readonly request: LinkRequest; readonly done: Promise<void> } | null = null;
  let appendsWaiting = 0;

  async function appendInTurn(
    content: (state: MembershipState, log: LogPlace) => EntryContent,
  ): Promise<MembershipEntry> {
    requireOwnMembership({ state: () => state }, identity.memberId);
    for (let attempt = 0; ; attempt += 1) {
      await align(options.request);
      if (trouble !== null || state === null) throw inTheWay(trouble ?? troubles.unsealed());
      const maker = { by: identity.memberId, keyId: identity.keyId, key: identity.signingKey };
      const entry = nextEntry(state, content(state, logPlace), maker, rfc3339(clock.now()));
      const draft = draftOf(state);
      const events = apply(draft, readEntry(entry));
      try {
        await options.request({ type: "membership_append", entry });
      } catch (thrown) {
        const error = ClaudemeshError.from(thrown);
        if (error.code !== "membership_moved" || attempt + 1 >= appendAttemptsMax) throw error;
        const pauseMs = fullJitter(attempt, appendBackoff, options.random);
        if (pauseMs > 0) await pause(pauseMs);
        continue;
      }
      // Killed here, the broker has it and tells it when the next link opens.
      await put([entry], draft, events);
      return entry;
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve));
  }

  return {
    state: () => state,
    entries: (after, limit) => file?.entries(after, limit) ?? [],
    trouble: () => trouble,
    follow(request) {
      // One that has not begun yet sees all that a later one would.
      if (followWaits?.request === request) return followWaits.done;
      const done = inTurn(() => {
        if (followWaits?.request === request) followWaits = null;
        return align(request);
      });
      followWaits = { request, done };
      return done;
    },
    async append(content) {
      if (appendsWaiting >= appendsWaitingMax)
        throw new ClaudemeshError("daemon_busy", `${appendsWaiting} changes of the membership wait already`);
      appendsWaiting += 1;
      try {
        return await inTurn(() => appendInTurn(content));
      } finally {
        appendsWaiting -= 1;
      }
    },
    pin: (entries) =>
      inTurn(async () => {
        if (file !== null) throw new ClaudemeshError("already_exists", "this home holds the mesh's membership already");
        writeChain(options.dir, entries);
        file = openMembershipFile(options.dir, options.meshId, log, options.disk);
        state = file?.state ?? null;
        leaveTrouble();
        const now = state;
        if (now !== null) for (const entry of entries) for (const listener of listeners) listener(entry, now);
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Applies and tells what it changed, for whoever listens. */
function apply(draft: MembershipState, entry: MembershipEntry): readonly EntryEvent[] {
  const told = eventsOf(draft, entry);
  applyEntry(draft, entry);
  return told(draft);
}

function standing(state: MembershipState, { head }: ChainAnswer): "same" | "ahead" | "behind" | "forked" {
  if (head === null) return "behind";
  if (head.n > state.n) return "ahead";
  if (state.places.get(head.hash) !== head.n) return "forked";
  return head.n === state.n ? "same" : "behind";
}

function withheld({ n }: MembershipState): MembershipTrouble {
  return troubles.invalid(n + 1, "the broker names a newer head than the entries that it shows");
}

function inTheWay({ code, message, hint }: MembershipTrouble): ClaudemeshError {
  return new ClaudemeshError(code, message, { hint });
}
