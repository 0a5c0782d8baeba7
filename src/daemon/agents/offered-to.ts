/** A session as far as messages are put into it. */
export interface OfferSession {
  readonly kind: string;
  readonly session_id: string;
  readonly agent: string;
  readonly socket_path: string | null;
  /** Known while the daemon runs, and nowhere else. */
  readonly socket_token: string | null;
  /** Its lease has not ended. */
  readonly live: boolean;
}

/** What offers need to know of agents and their sessions. */
export interface OfferedTo {
  /** By what names messages are addressed to it, and whether those to nobody in particular are its; null: no such agent. */
  addressed(agent: string): { readonly names: readonly string[]; readonly isDefault: boolean } | null;
  session(kind: string, sessionId: string): OfferSession | null;
  agents(): readonly string[];
  liveSessions(): readonly OfferSession[];
  /** A session came, went, or is reached otherwise. Returns its own removal. */
  onChange(listener: () => void): () => void;
}
