import type { Way } from "../../protocol/offers-api.ts";
import type { LiveSession } from "./agents.ts";

/** A way on which the daemon itself puts messages into a session, and so wakes it. */
export interface WayAdapter {
  readonly way: Way;
  /** Characters that one message may have on it. */
  readonly charsMax: number;
  serves(session: LiveSession): boolean;
  /**
   * Puts one message into the session; resolves as soon as it is out of this process's hands. It is called again for the next message
   * then, in order. What becomes of the message comes by {@link OfferTold}.
   */
  offer(session: LiveSession, message: PutIn): Promise<PutOutcome>;
  stop?(): Promise<void>;
}

export interface PutIn {
  readonly offer_id: string;
  readonly inbox_id: number;
  readonly priority: "now" | "next" | "low";
  readonly text: string;
}

export type PutOutcome =
  | { readonly state: "written" }
  /** Nothing more of the session is tried before `retryAfterMs`; `gone`: not before something is heard of it again. */
  | {
      readonly state: "failed";
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly gone: boolean;
    };

/** What became of an offer that an adapter has put in; also of one from before a restart. */
export type OfferTold = (
  offerId: string,
  outcome: "injected" | "held" | "denied" | "expired" | "lost",
  reason: string | null,
) => Promise<void>;
