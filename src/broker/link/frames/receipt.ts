import type { ReceiptFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

export const onReceipt: FrameHandler<ReceiptFrame> = (frame, link, parts, done) => {
  parts.receipts.take(link.meshId, link.memberId, frame.items).finally(done);
};
