/** When brokers over this store last told daemons to seal under which version of the wire fingerprint, whichever broker it was. */
export interface FingerprintStore {
  /**
   * Notes that versions (by name) are offered now, and returns when each version was last that any broker ever offered, in epoch
   * milliseconds. A time never moves back.
   */
  noteFingerprints(names: readonly string[], now: number): Promise<ReadonlyMap<string, number>>;
}
