import type { EpochRecord, EpochWrap } from "../../protocol/epoch.ts";
import type { KeyItem, WantedWrap } from "../../protocol/membership-frames.ts";

/**
 * Keys of topics and queues as a broker can have them: public records, and wraps that only their member opens. Each record,
 * wrap and departure gets the mesh's next `key_seq` under its lock, so that who has seen one never later finds one below it.
 * Who comes to a topic finds what was there before under further numbers, which stand for that only to itself. A member may
 * use a destination that is a queue while it is active, and a topic while it is subscribed to it besides.
 */
export interface KeyStore {
  /**
   * Stores a record with its wraps, in one transaction. False: it is there already (its wraps are stored all the same).
   * unknown_destination; not_found for a parent that is not there; invalid_field for a depth that is not the parent's next;
   * too_many_epochs; rate_limited when its maker has made as many of this destination as it may within an hour.
   */
  createEpoch(meshId: string, record: EpochRecord, wraps: readonly EpochWrap[], by: HandedIn): Promise<boolean>;
  /**
   * Those of epochs that are here and of members that may use their destination, have none for the same key yet and have not refused
   * one by the same member; returns how many were new.
   */
  addWraps(meshId: string, wraps: readonly EpochWrap[], by: HandedIn): Promise<number>;
  /**
   * Takes away the wrap of an epoch that did not open for its member, which from then on lacks it and is given none by whoever handed that
   * one in. False: there is none, or the member has refused those of as many as it may.
   */
  refuseWrap(meshId: string, memberId: string, wrap: WrapPlace, now: number): Promise<boolean>;
  /** Of these epochs, those that are not here, or of which the member has no wrap for the key that it has now. */
  epochsLacked(meshId: string, memberId: string, epochIds: readonly string[]): Promise<string[]>;
  epoch(meshId: string, epochId: string): Promise<EpochRecord | null>;
  /** The one that came first of a destination; null: it has none. */
  firstEpoch(meshId: string, destination: string): Promise<EpochRecord | null>;
  /**
   * Above `after`, in order: records and departures of the destinations that the member may use (queues, and topics that it is
   * subscribed to), and its own wraps of them. Of those who left a topic before the member came, one is named between each two
   * records. `through`: the mesh's newest number when this was read.
   */
  keysAbove(
    meshId: string,
    memberId: string,
    after: number,
    limit: number,
  ): Promise<{ readonly items: KeyItem[]; readonly through: number; readonly more: boolean }>;
  /**
   * Of the epochs that `memberId` has a wrap for: active members that may use their destination, have none and have refused none of
   * `memberId`. Of destinations whose
   * deepest record says history "all" every epoch, else the deepest, and those that were made since the member came to the topic.
   */
  wantedWraps(
    meshId: string,
    memberId: string,
    limit: number,
  ): Promise<{ readonly wanted: WantedWrap[]; readonly more: boolean }>;
  /** Destinations of which a member lacks a key that it is to have, at most `limit`. */
  keysLacked(meshId: string, memberId: string, limit: number): Promise<string[]>;
  /** Of these members, at most `limit` that have a wrap which somebody lacks of this destination. */
  keyHolders(meshId: string, destination: string, among: readonly string[], limit: number): Promise<string[]>;
  /** Of these members, those that may use a destination. */
  destinationUsers(meshId: string, destination: string, among: readonly string[]): Promise<string[]>;
  /** The newest number of a mesh; 0: it has no keys. */
  keyHead(meshId: string): Promise<number>;
  /** What is told of what lies above `after`, in the order of the newest numbers, at most `limit`. */
  keyChanges(meshId: string, after: number, limit: number): Promise<KeyChange[]>;
}

/** In which a member makes so many epochs of a destination. */
export const hourMs = 3_600_000;

/** Who hands something in, and when. */
export interface HandedIn {
  readonly memberId: string;
  readonly now: number;
}

export interface WrapPlace {
  readonly epoch_id: string;
  /** The member's x25519 key, 64 hex characters. */
  readonly sealed_to: string;
}

export interface KeyChange {
  readonly destination: string;
  /** Whom it concerns; null: everybody who may use the destination. */
  readonly member_id: string | null;
  /** Somebody may lack a key since: a record is there, or a member has come. */
  readonly lacking: boolean;
  /** The newest number of what this tells of. */
  readonly key_seq: number;
}
