import { type EpochRecord, epochRecordHolds } from "../../protocol/epoch.ts";
import { activeMember, keyInUse, type MembershipState, mayUse } from "../../protocol/membership/state.ts";
import type { KnownEpoch, TopicKeys } from "./topic-keys-file.ts";

/**
 * The epochs of topics and queues that this member knows, each verified when it came, and which one a destination is sealed to: the
 * deepest, of several the one with the lowest id, so that members who rotate at once agree without asking each other.
 */
export class EpochSet {
  readonly #epochs = new Map<string, KnownEpoch>();
  readonly #tips = new Map<string, KnownEpoch>();
  readonly #departures = new Map<string, number>();

  constructor(kept: Pick<TopicKeys, "epochs" | "departures">) {
    for (const epoch of kept.epochs) this.put(epoch);
    for (const { destination, keySeq } of kept.departures) this.depart(destination, keySeq);
  }

  get(epochId: string): KnownEpoch | null {
    return this.#epochs.get(epochId) ?? null;
  }

  /** Adds a verified epoch, or says more of one: a key once known stays. */
  put(epoch: KnownEpoch): void {
    const { epoch_id: id } = epoch.record;
    const place = placeOf(epoch.record);
    const known = { ...epoch, key: epoch.key ?? this.#epochs.get(id)?.key ?? null };
    this.#epochs.set(id, known);
    const tip = this.#tips.get(place);
    if (tip === undefined || tip.record.epoch_id === id || isBefore(tip.record, epoch.record))
      this.#tips.set(place, known);
  }

  /** Somebody who may know its keys left a destination. */
  depart(destination: string, keySeq: number): void {
    this.#departures.set(destination, Math.max(keySeq, this.#departures.get(destination) ?? 0));
  }

  /**
   * What a destination of that name is sealed to, if it is still fit for that; null: it never had one. Which topic has which name is the
   * broker's word, so the name that an epoch was made for counts too: what is said to #one is sealed under no key of #other.
   */
  tip(to: Pick<EpochRecord, "destination" | "name">): KnownEpoch | null {
    return this.#tips.get(placeOf(to)) ?? null;
  }

  destinations(): readonly { readonly destination: string; readonly name: string }[] {
    return [...this.#tips.values()].map(({ record: { destination, name } }) => ({ destination, name }));
  }

  /**
   * Whether an epoch's key is known to nobody who may not read what is sealed now: nobody was revoked, left or was limited since it was
   * made, and its maker may use the destination.
   */
  isFresh({ record, keySeq }: KnownEpoch, state: MembershipState): boolean {
    const place = state.places.get(record.membership_head);
    const maker = activeMember(state, record.created_by);
    return (
      place !== undefined &&
      place >= state.narrowedAt &&
      keySeq > (this.#departures.get(record.destination) ?? -1) &&
      maker !== null &&
      mayUse(maker, addressOf(record))
    );
  }

  /** Whether a member that has come later is given the key of an epoch: of the present one always, of earlier ones as each later one says. */
  isForLateComer({ record }: KnownEpoch, memberId: string): boolean {
    const line = new Set<string>();
    for (let at = this.tip(record); at !== null; at = this.get(at.record.parent ?? "")) {
      if (at.record.epoch_id === record.epoch_id) return true;
      // What was the present one when it came, whose place the member's own has taken since.
      if (at.record.history === "joined")
        return at.record.created_by === memberId && at.record.parent === record.epoch_id;
      line.add(at.record.epoch_id);
    }
    // Beside the line that was gone on with: two rotated at once, and what one of them sealed meanwhile is as old as its parent.
    for (let beside: EpochRecord | undefined = record; beside?.history === "all"; ) {
      if (line.has(beside.parent ?? "")) return true;
      beside = this.get(beside.parent ?? "")?.record;
    }
    return false;
  }

  kept(): Pick<TopicKeys, "epochs" | "departures"> {
    return {
      epochs: [...this.#epochs.values()],
      departures: [...this.#departures].map(([destination, keySeq]) => ({ destination, keySeq })),
    };
  }
}

/**
 * Why a record from the broker is none: `unexplained` while the chain lacks the head that it names. null: it was made by a member that
 * was active then, with a key in use then, after one that is known, for a destination of this mesh.
 */
export function refusedEpoch(record: EpochRecord, state: MembershipState, known: EpochSet): string | null {
  if (record.mesh_id !== state.meshId) return "it belongs to another mesh";
  if (!epochRecordHolds(record)) return "its signature does not hold";
  const place = state.places.get(record.membership_head);
  if (place === undefined) return unexplained;
  const maker = state.members.get(record.created_by);
  if (maker === undefined || !keyInUse(maker, record.key_id, place))
    return "its maker was no member with that key then";
  if (record.parent === null) return null;
  const parent = known.get(record.parent)?.record;
  if (parent === undefined) return "the one before it is not known";
  if (placeOf(parent) !== placeOf(record) || parent.depth + 1 !== record.depth) return "it does not follow its parent";
  return null;
}

export const unexplained = "the membership that it names is not known";

/** `#name` or `queue:name`, as grants name it. */
export function addressOf({ destination, name }: Pick<EpochRecord, "destination" | "name">): string {
  return destination.startsWith("queue:") ? `queue:${name}` : `#${name}`;
}

/** Neither half can hold the space. */
function placeOf({ destination, name }: Pick<EpochRecord, "destination" | "name">): string {
  return `${destination} ${name}`;
}

function isBefore(a: EpochRecord, b: EpochRecord): boolean {
  return a.depth < b.depth || (a.depth === b.depth && b.epoch_id < a.epoch_id);
}
