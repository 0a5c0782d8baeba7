/** What became of a daemon's settings when they were read again. */
export interface ReloadView {
  /** Settings, `table.key`, that are in force from now on. */
  readonly applied: readonly string[];
  /** Changed ones that are in force from the next start on. */
  readonly restart_needed: readonly string[];
  /** How many say what they said before. */
  readonly unchanged: number;
}

/** A new token of the local API is in its file. */
export interface TokenRotatedView {
  readonly rotated_at: string;
  /** Until then the one before it is taken too; null: the daemon does not listen on TCP, where alone a token is asked for. */
  readonly previous_valid_until: string | null;
}
