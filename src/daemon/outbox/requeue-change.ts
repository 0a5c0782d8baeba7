import type { Priority } from "../../protocol/envelope.ts";

/** How a row is to go out again, if not as it was. */
export interface RequeueChange {
  readonly new_id?: string;
  /** Replaces these fields of the old request. */
  readonly patch?: {
    readonly body?: Uint8Array;
    readonly meta?: string;
    readonly priority?: Priority;
    readonly content_type?: string;
  };
  /** What pre-send said of the content that is given here. */
  readonly pre_send?: string;
}
