import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits as wireLimits } from "../../protocol/limits.ts";
import { applyEntry, beginChain } from "../../protocol/membership/apply-entry.ts";
import { entryHash, entryText, type MembershipEntry } from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerStore } from "../store/store.ts";
import { effectsOf } from "./effects.ts";

/**
 * The membership chains of this broker's meshes, verified by the code that every member verifies them with. The store has them; what
 * is kept here is what they say, followed entry by entry, and the least lately asked for gives way.
 */
export interface Chains {
  /** As this broker last heard of it; asked of the store where it has none. null: the mesh has no chain. */
  known(meshId: string): Promise<MembershipState | null>;
  /** As the store has it now. */
  fresh(meshId: string): Promise<MembershipState | null>;
  /** There is something new in the store: whoever asks from now on waits for it. */
  follow(meshId: string): void;
  /** What is kept here, without asking: null also for a chain that is not. A state may be a moment ahead of the store's commit. */
  kept(meshId: string): MembershipState | null;
  /**
   * Verifies entries that follow on each other and appends them, each with its effects; those that the store has are passed over.
   * Throws what {@link applyEntry} throws, and membership_moved for one that does not follow the head: what came before it stays appended.
   */
  append(meshId: string, entries: readonly MembershipEntry[], rules: AppendRules): Promise<MembershipState>;
  /** The store may have another past now. */
  forget(): void;
}

export interface AppendRules {
  /** Whether a chain may begin by this. */
  readonly begins: boolean;
  /** Throws for an entry that may not be appended by whoever handed it in; called before it is verified, `state` is what it follows. */
  check?(entry: MembershipEntry, state: MembershipState | null): void | Promise<void>;
}

export interface ChainsParts {
  readonly store: Pick<BrokerStore, "membershipHead" | "membershipAbove" | "appendMembership">;
  readonly clock: Clock;
  readonly limits: Pick<
    BrokerLimits,
    "membershipCachedEntriesMax" | "membershipAppendsMax" | "membershipEntryBytesMax" | "membershipPageBytesMax"
  >;
  /** After the commit of each, in order. `state` is the chain's right after it. */
  appended(entry: MembershipEntry, state: MembershipState): void;
}

/** For who finds that too many wait. */
const appendsRetryMs = 1_000;
/** Entries verified between two turns of the event loop: their signatures take some milliseconds. */
const entriesOfATurn = 16;

export function createChains(parts: ChainsParts): Chains {
  const { store, limits } = parts;
  const cache = createCache(limits.membershipCachedEntriesMax);
  /** By mesh: what is done for it, one after the other. */
  const lanes = new Map<string, { tail: Promise<unknown>; appends: number }>();
  /** Looks that have not begun: whoever asks meanwhile gets the same. */
  const asked = new Map<string, Promise<MembershipState | null>>();

  /** Chains of which the store has more than is kept, while it is read. */
  const following = new Map<string, Promise<MembershipState | null>>();

  function inTurn<T>(meshId: string, appends: 0 | 1, work: () => Promise<T>): Promise<T> {
    const lane = lanes.get(meshId) ?? { tail: Promise.resolve(), appends: 0 };
    if (appends === 1 && lane.appends >= limits.membershipAppendsMax)
      throw new ClaudemeshError("rate_limited", "too many changes of this mesh's membership wait for their turn", {
        hint: "try again in a moment",
        details: { retry_after_ms: appendsRetryMs },
      });
    lanes.set(meshId, lane);
    lane.appends += appends;
    const done = lane.tail.then(work);
    const tail = done
      .catch(() => undefined)
      .then(() => {
        lane.appends -= appends;
        if (lane.tail === tail) lanes.delete(meshId);
      });
    lane.tail = tail;
    return done;
  }

  async function catchUp(meshId: string): Promise<MembershipState | null> {
    const head = await store.membershipHead(meshId);
    const state = cache.get(meshId);
    if (head === null) {
      cache.drop(meshId);
      return null;
    }
    if (state?.head === head.hash) return state;
    // A chain that is no longer than what is kept, and another one: the store was put back.
    return read(meshId, state !== null && head.n > state.n ? state : null);
  }

  async function read(meshId: string, from: MembershipState | null): Promise<MembershipState | null> {
    let state = from;
    for (let since = 0; ; ) {
      const texts = await store.membershipAbove(
        meshId,
        state?.n ?? -1,
        wireLimits.membershipPageMax,
        limits.membershipPageBytesMax,
      );
      if (texts.length === 0) break;
      for (const text of texts) {
        const entry = readEntry(JSON.parse(text));
        if (from !== null && state === from && entry.previous !== from.head) return read(meshId, null);
        state = advance(state, entry, meshId);
        since += 1;
        if (since % entriesOfATurn === 0) await setImmediate();
      }
    }
    if (state !== null) cache.put(meshId, state);
    return state;
  }

  async function appendOne(
    meshId: string,
    before: MembershipState | null,
    entry: MembershipEntry,
    rules: AppendRules,
  ): Promise<MembershipState> {
    const text = entryText(entry);
    const hash = entryHash(text);
    if (before?.places.get(hash) === entry.n) return before;
    requireFollows(before, entry, rules);
    if (Buffer.byteLength(text) > limits.membershipEntryBytesMax)
      throw new ClaudemeshError("membership_invalid", "a membership entry is refused: it is too large");
    await rules.check?.(entry, before);
    const state = advance(before, entry, meshId);
    let done = false;
    try {
      const { n, previous } = entry;
      const effects = effectsOf(entry, state);
      done = await store.appendMembership(meshId, { n, hash, previous, text, effects }, parts.clock.now());
    } finally {
      // What is kept is ahead of a store that has not taken the entry, or may not have.
      if (!done) cache.drop(meshId);
    }
    if (!done) throw moved();
    cache.put(meshId, state);
    parts.appended(entry, state);
    return state;
  }

  const fresh = (meshId: string): Promise<MembershipState | null> => {
    const waiting = asked.get(meshId);
    if (waiting !== undefined) return waiting;
    const look = inTurn(meshId, 0, () => {
      asked.delete(meshId);
      return catchUp(meshId);
    });
    asked.set(meshId, look);
    return look;
  };

  return {
    fresh,
    follow(meshId) {
      // What is not kept is read when somebody asks.
      if (cache.get(meshId) === null) return;
      const look = fresh(meshId);
      following.set(meshId, look);
      look
        // Nobody goes by what is known to be old.
        .catch(() => cache.drop(meshId))
        .finally(() => {
          if (following.get(meshId) === look) following.delete(meshId);
        });
    },
    kept: cache.get,
    known: async (meshId) => following.get(meshId) ?? cache.get(meshId) ?? fresh(meshId),
    async append(meshId, entries, rules) {
      return inTurn(meshId, 1, async () => {
        let state = await catchUp(meshId);
        for (const entry of entries) state = await appendOne(meshId, state, entry, rules);
        if (state === null) throw new ClaudemeshError("membership_invalid", "there is no membership entry to append");
        return state;
      });
    },
    forget: cache.clear,
  };
}

function requireFollows(before: MembershipState | null, entry: MembershipEntry, { begins }: AppendRules): void {
  if (before === null) {
    if (begins) return;
    throw new ClaudemeshError("mesh_unsealed", "the mesh has no membership chain", {
      hint: "its owner begins one: claudemesh mesh seal",
    });
  }
  if (entry.previous === before.head) return;
  if (entry.kind === "create")
    throw new ClaudemeshError("mesh_sealed", "the mesh has a membership chain already", {
      hint: "claudemesh members shows who belongs to it",
    });
  throw moved();
}

function advance(state: MembershipState | null, entry: MembershipEntry, meshId: string): MembershipState {
  if (state === null) return beginChain(entry, meshId);
  applyEntry(state, entry);
  return state;
}

function moved(): ClaudemeshError {
  return new ClaudemeshError("membership_moved", "somebody else changed the mesh's membership meanwhile", {
    hint: "read what is new and try again",
  });
}

/** Chains up to a sum of entries; the least lately used gives way, the newest never. */
function createCache(entriesMax: number): {
  get(meshId: string): MembershipState | null;
  put(meshId: string, state: MembershipState): void;
  drop(meshId: string): void;
  clear(): void;
} {
  const kept = new Map<string, { readonly state: MembershipState; readonly entries: number }>();
  let sum = 0;

  function drop(meshId: string): void {
    sum -= kept.get(meshId)?.entries ?? 0;
    kept.delete(meshId);
  }

  return {
    drop,
    get(meshId) {
      const found = kept.get(meshId);
      if (found === undefined) return null;
      kept.delete(meshId);
      kept.set(meshId, found);
      return found.state;
    },
    put(meshId, state) {
      drop(meshId);
      kept.set(meshId, { state, entries: state.n + 1 });
      sum += state.n + 1;
      for (const oldest of kept.keys()) {
        if (sum <= entriesMax || oldest === meshId) return;
        drop(oldest);
      }
    },
    clear() {
      kept.clear();
      sum = 0;
    },
  };
}
