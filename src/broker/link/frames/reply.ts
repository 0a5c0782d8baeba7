import type { ReplyFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

export const onReply: FrameHandler<ReplyFrame> = (frame, link, _parts, done) => {
  link.asks.replied(frame.id, frame.result);
  done();
};
