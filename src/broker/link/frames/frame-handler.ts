import type { ErrorFrame, RequestFrame, RequestResults } from "../../../protocol/frames.ts";
import { toldOutside } from "../../told-outside.ts";
import { errorFrame } from "../outgoing.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";

/** Handles one frame; calls `done` once when nothing of it is pending any more. Throws only for malformed traffic. */
export type FrameHandler<F> = (frame: F, link: LiveLink, parts: LinkParts, done: () => void) => void;

type Answer<T extends RequestFrame["type"]> = (
  frame: Extract<RequestFrame, { type: T }>,
  link: LiveLink,
  parts: LinkParts,
) => Promise<RequestResults[T]>;

/** A frame that is answered by `reply`, or by `error` with its id, in its link's turn. */
export function request<T extends RequestFrame["type"]>(
  answer: Answer<T>,
): FrameHandler<Extract<RequestFrame, { type: T }>> {
  return waitingRequest<T>((frame, link, parts) => link.requests.take(() => answer(frame, link, parts)));
}

/** The same for a frame whose answer may wait for what others do: it takes no turn from the rest of its link. */
export function waitingRequest<T extends RequestFrame["type"]>(
  answer: Answer<T>,
): FrameHandler<Extract<RequestFrame, { type: T }>> {
  return (frame, link, parts, done) => {
    answer(frame, link, parts)
      .then(
        (result) => link.send({ type: "reply", id: frame.id, result }),
        (thrown: unknown) => link.send(failed(thrown, frame, link, parts)),
      )
      .finally(done);
  };
}

/** The answer to a frame that failed. */
export function failed(
  thrown: unknown,
  { id, type }: { readonly id: number; readonly type: string },
  { meshId, memberId }: Pick<LiveLink, "meshId" | "memberId">,
  { log }: Pick<LinkParts, "log">,
): ErrorFrame {
  const { error, inner } = toldOutside(thrown);
  if (inner !== null)
    log.warn(
      { mesh_id: meshId, member_id: memberId, frame: type, code: inner.code, error: inner.message },
      "a frame could not be answered",
    );
  return errorFrame(error, id);
}
