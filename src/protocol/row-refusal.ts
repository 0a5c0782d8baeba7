/** Why a row was refused last. */
export interface RowRefusal {
  readonly code: string;
  readonly message: string;
  readonly broker_message_id?: string;
  /** Where the broker holds the id for other bytes: the first 8 bytes, in hex, of what it holds and of what was sent last. */
  readonly broker_fingerprint_prefix?: string;
  readonly broker_fingerprint_version?: number;
  readonly wire_fingerprint_prefix?: string;
  readonly wire_fingerprint_version?: number;
}
