import { readErrorWords } from "../../../protocol/close-reason.ts";
import type { ErrorFrame } from "../../../protocol/frames.ts";
import type { FrameHandler } from "./frame-handler.ts";

/** The daemon explains itself, most often just before it closes; its words are anybody's. */
export const onError: FrameHandler<ErrorFrame> = (frame, link, parts, done) => {
  const { code, closes } = frame;
  const { feature, detail } = readErrorWords(frame);
  parts.log.warn(
    { mesh_id: link.meshId, member_id: link.memberId, code, closes, feature, detail },
    "a daemon reported an error",
  );
  done();
};
