/** One message that B0 did not know. */
export interface LimitItem {
  readonly memberId: string;
  readonly clientMessageId: string;
  /** Recomputed, 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** Items of one group keep their order: after a refusal the later ones are `skipped`, at no cost. */
  readonly group: string;
}

export type LimitDecision =
  | {
      readonly kind: "allowed";
      readonly charged: boolean;
      /** Messages that this member may still send at once, after this one. */
      readonly remaining?: number;
      /** Until all of its budget is back. */
      readonly resetMs?: number;
    }
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  | { readonly kind: "skipped" };

/**
 * The idempotent rate limiter of delivery.md §6. One call per mesh and batch, decisions in item order. An id that was
 * allowed once passes again at no cost (at most 8 times, within the memo's life), so that retries consume at most once.
 */
export interface Limiter {
  take(meshId: string, items: readonly LimitItem[]): Promise<LimitDecision[]>;
  /** These ids are committed: from now on B0 answers them, and what is remembered of them may go. */
  committed(meshId: string, items: readonly Pick<LimitItem, "clientMessageId" | "fingerprint">[]): void;
}
