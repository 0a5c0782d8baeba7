import type { SendFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

/** Answered by one `send_ack` when every item has its answer. */
export const onSend: FrameHandler<SendFrame> = (frame, link, parts, done) => {
  parts.accepter.accept(link, frame.items, (items) => {
    link.send({ type: "send_ack", id: frame.id, items });
    done();
  });
};
