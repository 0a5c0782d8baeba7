import type WebSocket from "ws";
import type { Clock } from "../../base/clock.ts";
import { closeCodes } from "../../protocol/close-codes.ts";
import { type CloseCause, closeFrame, closeReason } from "../../protocol/close-reason.ts";
import type { FatalLinkEnd } from "../daemon-end.ts";
import { LinkClosed } from "./close-reaction.ts";

/** How long the broker has to take what it is told; then its connection is cut. */
const closeGraceMs = 2_000;

/**
 * The daemon ends a link for good by its own judgement, as if it had been closed so. `hint`: where something else helps than with others of
 * the kind.
 */
export function refusal(
  { kind, feature, detail }: CloseCause & { readonly kind: FatalLinkEnd["kind"] },
  hint?: string,
): LinkClosed {
  const reaction = {
    code: closeCodes[kind],
    reason: [kind, ...(feature === undefined ? [] : [feature]), detail].join(": "),
    kind,
    fatal: kind,
    feature: feature ?? null,
    detail,
    otherInstanceId: null,
    notBeforeMs: 0,
  };
  return new LinkClosed(reaction, hint);
}

/** Tells the broker why, in full in an error frame and as far as it goes in the close frame; resolves when that is out, or not taken in time. */
export function closeWith(socket: WebSocket, cause: CloseCause, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const grace = clock.after(closeGraceMs, () => socket.terminate());
    socket.once("close", () => {
      grace.cancel();
      resolve();
    });
    // It may have left meanwhile.
    if (socket.readyState === socket.CLOSED) {
      grace.cancel();
      return resolve();
    }
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(closeFrame(cause)));
    socket.close(closeCodes[cause.kind], closeReason(cause));
  });
}
