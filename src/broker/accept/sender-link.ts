import type { LimitDecision } from "../limit/limiter.ts";
import type { Behind } from "./behind.ts";

/** What the accept path needs to know of the link an envelope came by, or of the direct caller in its place. */
export interface SenderLink {
  readonly meshId: string;
  readonly memberId: string;
  /** null: no link. */
  readonly linkEpoch: number | null;
  /** The store's life in which it was opened; undefined: no link. */
  readonly life?: string | undefined;
  readonly inlineBytes: number;
  readonly behind: Behind;
  /** null: a link. */
  readonly direct: DirectCaller | null;
  /** More destinations held back than the limit: the link must start over. */
  overrun(): void;
}

/**
 * Who sends by an API key. Its requests have no order among each other, since nobody can tell in which one they were
 * meant; so none is held back for another, and one that cannot be taken is answered and not dropped.
 */
export interface DirectCaller {
  /** The key's. */
  readonly keyId: string;
  /** Called once if the limiter was asked, which it is not for what B0 answers. */
  decided(decision: LimitDecision): void;
  /** Called once before the answer of what was committed now, with the time that its record holds. */
  committed(acceptedAt: number): void;
}
