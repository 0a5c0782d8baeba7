import type { ReceiptFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

export const onReceipt: FrameHandler<ReceiptFrame> = (frame, link, parts, done) => {
  const { id } = frame;
  parts.receipts
    .take(link.meshId, link.memberId, frame.groups, link.requests)
    .then((taken) => {
      // Without the reply the receiver sends them again at its next link.
      if (taken) link.send({ type: "reply", id, result: {} });
    })
    .finally(done);
};
