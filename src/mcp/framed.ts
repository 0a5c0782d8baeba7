import { randomBytes } from "node:crypto";
import { type Framed, frameMessage } from "../protocol/agent-framing.ts";

/** A message, of the inbox, of the history or of a queue, as it may be shown to a model: as what another agent says. */
export function framed(
  message: Framed,
  { mesh, to, charsMax }: { readonly mesh: string; readonly to: string; readonly charsMax: number },
): string {
  return frameMessage(message, { mesh, to, charsMax, repeat: 1, nonce: frameNonce() });
}

/** Drawn anew for each frame: who wrote what is in it cannot know it. */
export function frameNonce(): string {
  return randomBytes(8).toString("hex");
}

/** The address that an answer goes to; null: nobody is known to have sent it. */
export function senderOf({ from }: Pick<Partial<Framed>, "from">): string | null {
  if (from === undefined) return null;
  const member = `@${from.name ?? from.member_id}`;
  return from.agent == null ? member : `${member}/${from.agent}`;
}
