import type { DestinationKey } from "./frames.ts";

/** What retention removed before it was acknowledged. Told again until the daemon replies. */
export interface NoticesFrame {
  readonly type: "notices";
  readonly id: number;
  readonly items: readonly NoticeItem[];
}

export type NoticeItem =
  | { readonly kind: "expired"; readonly client_message_id: string; readonly reason: string }
  | {
      readonly kind: "gap";
      readonly destination: DestinationKey;
      readonly from_seq: number;
      readonly to_seq: number;
    };
