import type { Afterwards } from "./sendings.ts";

/** What is to be done after an answer that several calls with one key may get. */
export interface SharedAfterwards {
  /** For one of these calls. */
  use(): Afterwards;
}

/**
 * Sent once is sent: a repeated call that is given up takes back nothing that an earlier one has brought. Lost only when all
 * of them were; then `forget` is called first, so that the next call with the key does not get what has been put back.
 */
export function sharedAfterwards({ sent, lost }: Afterwards, forget: () => void): SharedAfterwards {
  let pending = 0;
  let wasSent = false;
  return {
    use() {
      pending += 1;
      return {
        async sent() {
          pending -= 1;
          if (wasSent) return;
          wasSent = true;
          await sent();
        },
        async lost() {
          pending -= 1;
          if (wasSent || pending > 0) return;
          forget();
          await lost();
        },
      };
    },
  };
}
