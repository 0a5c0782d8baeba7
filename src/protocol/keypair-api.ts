/** What the daemon's local API tells of the member's own keys; nothing of it is secret. */
export interface KeypairView {
  readonly member_id: string;
  /** Of the pair in use: its ed25519 public key. */
  readonly key_id: string;
  readonly x25519_pubkey: string;
  readonly created_at: string;
  /** The pair that follows, begun and not in force; null: nothing has begun. */
  readonly changing: { readonly key_id: string; readonly created_at: string } | null;
  readonly archive: {
    readonly grace_period_days: number;
    readonly max_archived_keys: number;
    /** Newest first. */
    readonly keys: readonly ArchivedKeyView[];
    /** The file was damaged when the daemon started; null: it was not. */
    readonly damage: ArchiveDamageView | null;
  };
}

/** A key that was changed: what is sealed to it opens until then. */
export interface ArchivedKeyView {
  readonly key_id: string;
  readonly x25519_pubkey: string;
  readonly created_at: string;
  readonly rotated_out_at: string;
  readonly expires_at: string;
}

export interface ArchiveDamageView {
  readonly problem: string;
  /** Where the damaged file lies; null: it could not be moved. */
  readonly aside: string | null;
  /** key_ids of the entries that were saved. */
  readonly saved: readonly string[];
  /** Entries that were not; null: that cannot be told. */
  readonly lost: number | null;
}

export interface KeypairRotated {
  readonly key_id_before: string;
  readonly keypair: KeypairView;
}

export interface ArchiveCleaned {
  /** key_ids that are gone for good. */
  readonly dropped: readonly string[];
  readonly keypair: KeypairView;
}
