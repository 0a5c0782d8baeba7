import { randomBytes } from "node:crypto";
import { type Framed, frameMessage, frameNotice } from "../protocol/agent-framing.ts";
import { limits } from "../protocol/limits.ts";

/** A message, of the inbox, of the history or of a queue, as it may be shown to a model: as what another agent says. */
export function framed(
  message: Framed,
  { mesh, to, charsMax }: { readonly mesh: string; readonly to: string; readonly charsMax: number },
): string {
  return frameMessage(message, { mesh, to, charsMax, repeat: 1, nonce: frameNonce() });
}

/** That there is a message, without a word of it. */
export function notice(message: Framed, { mesh, to }: { readonly mesh: string; readonly to: string }): string {
  return frameNotice(message, { mesh, to, charsMax: limits.frameCharsMin, repeat: 1, nonce: frameNonce() });
}

/** Drawn anew for each frame: who wrote what is in it cannot know it. */
function frameNonce(): string {
  return randomBytes(8).toString("hex");
}

export interface FramedPart {
  readonly text: string;
  /** Character after the last one that is shown. */
  readonly end: number;
}

/** The part of a message's text from `from` on that fits with its frame, which escapes make longer; one character at least. */
export function framedPart(
  message: Framed,
  { from, mesh, to, charsMax }: { from: number; mesh: string; to: string; charsMax: number },
): FramedPart {
  const text = message.message ?? "";
  const begin = wholeAt(text, from);
  for (let chars = Math.min(text.length - begin, charsMax); ; chars = Math.floor(chars / 2)) {
    const end = wholeAt(text, begin + chars);
    const part = message.message === null ? message : { ...message, message: text.slice(begin, end) };
    // Never cut by the framing itself, which would not tell where.
    const shown = framed(part, { mesh, to, charsMax: Number.MAX_SAFE_INTEGER });
    if (shown.length <= charsMax || chars <= 1) return { text: shown, end };
  }
}

/** The place itself, or one before it where it would part a character. */
function wholeAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}

/** The address that an answer goes to; null: nobody is known to have sent it. */
export function senderOf({ from }: Pick<Partial<Framed>, "from">): string | null {
  if (from === undefined) return null;
  const member = `@${from.name ?? from.member_id}`;
  return from.agent == null ? member : `${member}/${from.agent}`;
}
