import type { ClaimCancelFrame } from "../../../protocol/queue-frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

/** The answer is the claim's own. */
export const onClaimCancel: FrameHandler<ClaimCancelFrame> = (frame, link, parts, done) => {
  parts.queues.cancel(link.connectionId, frame.claim);
  done();
};
