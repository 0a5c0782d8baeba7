import type { EpochRecord, EpochWrap } from "../../protocol/epoch.ts";
import type { KeyItem, WantedWrap } from "../../protocol/membership-frames.ts";

/**
 * Keys of topics and queues as a broker can have them: public records, and wraps that only their member opens. Each record,
 * wrap and departure gets the mesh's next `key_seq` under its lock, so that who has seen one never later finds one below it.
 */
export interface KeyStore {
  /**
   * Stores a record with its wraps, in one transaction. False: it is there already (its wraps are stored all the same).
   * unknown_destination; not_found for a parent that is not there; too_many_epochs.
   */
  createEpoch(meshId: string, record: EpochRecord, wraps: readonly EpochWrap[], now: number): Promise<boolean>;
  /** Those of epochs that are here and of members that have none for the same key yet; returns how many were new. */
  addWraps(meshId: string, wraps: readonly EpochWrap[], now: number): Promise<number>;
  epoch(meshId: string, epochId: string): Promise<EpochRecord | null>;
  /**
   * Above `after`, in order: records and departures of the destinations that the member may use (queues, and topics that it is
   * subscribed to), and its own wraps. `through`: the mesh's newest number when this was read.
   */
  keysAbove(
    meshId: string,
    memberId: string,
    after: number,
    limit: number,
  ): Promise<{ readonly items: KeyItem[]; readonly through: number; readonly more: boolean }>;
  /**
   * Of the epochs that `memberId` has a wrap for: active members that may use their destination and have none. Of destinations whose
   * deepest record says history "all" every epoch, else the deepest alone.
   */
  wantedWraps(
    meshId: string,
    memberId: string,
    limit: number,
  ): Promise<{ readonly wanted: WantedWrap[]; readonly more: boolean }>;
}
