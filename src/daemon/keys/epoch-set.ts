import { type EpochRecord, epochRecordHolds } from "../../protocol/epoch.ts";
import { epochProblem } from "../../protocol/membership/epoch-rules.ts";
import { activeMember, type MembershipState, mayUse } from "../../protocol/membership/state.ts";
import type { KnownEpoch, TopicKeys } from "./topic-keys-file.ts";

/**
 * The epochs of topics and queues that this member knows, each verified when it came, and which one a destination is sealed to: the
 * deepest, of several the one with the lowest id, so that members who rotate at once agree without asking each other.
 */
export class EpochSet {
  readonly #epochs = new Map<string, KnownEpoch>();
  readonly #tips = new Map<string, KnownEpoch>();
  /** The first of each place that follows none, as they came. */
  readonly #first = new Map<string, EpochRecord>();
  readonly #departures = new Map<string, number>();
  #lost: ReadonlySet<string> = new Set();

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
    if (epoch.record.parent === null && !this.#first.has(place)) this.#first.set(place, epoch.record);
    this.#raiseTip(known);
  }

  #raiseTip(epoch: KnownEpoch): void {
    const place = placeOf(epoch.record);
    const tip = this.#tips.get(place);
    if (this.#lost.has(epoch.record.epoch_id)) return;
    if (tip === undefined || tip.record.epoch_id === epoch.record.epoch_id || isBefore(tip.record, epoch.record))
      this.#tips.set(place, epoch);
  }

  /** Those that the broker does not have and does not take again: they open what was sealed under them, and seal nothing any more. */
  setLost(epochIds: ReadonlySet<string>): void {
    if (epochIds.size === 0 && this.#lost.size === 0) return;
    this.#lost = epochIds;
    this.#tips.clear();
    for (const epoch of this.#epochs.values()) this.#raiseTip(epoch);
  }

  /**
   * The broker's numbers stand for something else from now on. What somebody has left since stays so; the rest is told again, and gets
   * its new number then.
   */
  renumber(): void {
    for (const [id, epoch] of this.#epochs) {
      const departed = this.#departures.get(epoch.record.destination) ?? -1;
      this.#epochs.set(id, { ...epoch, keySeq: epoch.keySeq > departed ? untold : leftSince });
    }
    for (const destination of this.#departures.keys()) this.#departures.set(destination, leftSince);
    this.#tips.clear();
    for (const epoch of this.#epochs.values()) this.#raiseTip(epoch);
  }

  /** The broker told again of an epoch that is known. */
  tellAgain(epochId: string, keySeq: number): boolean {
    const known = this.#epochs.get(epochId);
    if (known?.keySeq !== untold || keySeq <= untold) return false;
    this.put({ ...known, keySeq });
    return true;
  }

  all(): Iterable<KnownEpoch> {
    return this.#epochs.values();
  }

  /** By which an epoch's history is measured: that of the one that it follows, or of the first that follows none. */
  before(record: EpochRecord): EpochRecord | null {
    const before = record.parent === null ? this.#first.get(placeOf(record)) : this.#epochs.get(record.parent)?.record;
    return before ?? null;
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

/** Numbers of epochs in between two lives of a broker's store; real ones begin with 1, and are never below that of a later departure. */
const leftSince = 0;
const untold = 1;

/**
 * Why a record from the broker is none: `unexplained` while the chain lacks the head that it names, `orphaned` while the one that it
 * follows is not known. null: it was made by a member that was active then, with a key in use then, after one that is known, for a
 * destination of this mesh, with the history of that one unless by an owner or admin.
 */
export function refusedEpoch(record: EpochRecord, state: MembershipState, known: EpochSet): string | null {
  if (record.mesh_id !== state.meshId) return "it belongs to another mesh";
  if (!epochRecordHolds(record)) return "its signature does not hold";
  const problem = epochProblem(record, state, known.before(record));
  if (problem === "head_unknown") return unexplained;
  if (problem === "maker_unknown") return "its maker was no member with that key then";
  if (record.parent !== null) {
    const parent = known.get(record.parent)?.record;
    if (parent === undefined) return orphaned;
    if (placeOf(parent) !== placeOf(record) || parent.depth + 1 !== record.depth)
      return "it does not follow its parent";
  }
  if (problem === "history_not_its_own")
    return "its maker may not change whether who comes later gets the keys before it";
  return null;
}

export const unexplained = "the membership that it names is not known";
export const orphaned = "the one before it is not known";

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
