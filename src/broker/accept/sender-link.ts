import type { Behind } from "./behind.ts";

/** What the accept path needs to know of the link an envelope came by. */
export interface SenderLink {
  readonly meshId: string;
  readonly memberId: string;
  readonly linkEpoch: number;
  /** The store's life in which it was opened. */
  readonly life?: string | undefined;
  readonly inlineBytes: number;
  readonly behind: Behind;
  /** More destinations held back than the limit: the link must start over. */
  overrun(): void;
}
