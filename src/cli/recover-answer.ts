/** Answer of `recover --json`, exactly. */
export interface RecoverAnswer {
  readonly mesh: string;
  /** An earlier recovery was cut off; it was finished first. */
  readonly finished_earlier: boolean;
  readonly outbox: RecoveredStore & {
    readonly salvage: {
      /** Rows that are as they were. */
      readonly saved: number;
      /** Saved and not sent: nothing proves that they would go out as they were accepted. */
      readonly held: readonly {
        readonly outbox_id: number;
        readonly client_message_id: string;
        readonly reason: string;
      }[];
      /** Ended rows of which something is damaged. */
      readonly doubted: readonly number[];
      /** Of which nothing could be read, but, perhaps, their id. */
      readonly lost: readonly { readonly outbox_id: number; readonly client_message_id: string | null }[];
    } | null;
  };
  readonly inbox: RecoveredStore & {
    /** Messages that kept their places, and those of them that were read. */
    readonly salvage: { readonly places: number; readonly read: number } | null;
  };
}

export interface RecoveredStore {
  readonly state: "sound" | "missing" | "recovered";
  readonly problems: readonly string[];
  /** The damaged file, whole; null: nothing was done. */
  readonly set_aside: string | null;
}
