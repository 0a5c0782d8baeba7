import type { PushAckFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

export const onPushAck: FrameHandler<PushAckFrame> = (frame, link, _parts, done) => {
  link.pump.acknowledge(frame.acks);
  done();
};
