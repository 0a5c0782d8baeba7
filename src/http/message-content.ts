import { defaultBytesType, defaultTextType } from "../protocol/envelope.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { invalid } from "./shape.ts";

/** Bytes and media type of a message as its caller wrote them. */
export interface MessageContent {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** Text is UTF-8; bytes are base64url without padding. Exactly one of the two. */
export function readContent(written: {
  message: string | undefined;
  body: string | undefined;
  content_type: string | undefined;
}): MessageContent {
  const { message, body } = written;
  if (message !== undefined && body !== undefined) {
    throw new ClaudemeshError("invalid_field", "`message` and `body` are both given", {
      hint: "give exactly one: `message` for text, `body` for bytes in base64url",
      details: { field: "body" },
    });
  }
  if (message !== undefined)
    return { body: Buffer.from(message, "utf8"), contentType: readContentType(written.content_type, defaultTextType) };
  if (body !== undefined)
    return { body: readBase64url(body), contentType: readContentType(written.content_type, defaultBytesType) };
  throw new ClaudemeshError("missing_field", "neither `message` nor `body` is given", {
    hint: "give exactly one: `message` for text, `body` for bytes in base64url",
    details: { field: "message" },
  });
}

export function readContentType(written: string | undefined, fallback: string): string {
  if (written === undefined) return fallback;
  refuseControl(written, "content_type");
  if (!/^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+( *; *[\x20-\x7e]*)?$/.test(written)) {
    throw invalid("content_type", "must be a media type such as text/plain; charset=utf-8");
  }
  return written;
}

/** U+0000–U+001F would let two different requests share one fingerprint under version 1 (delivery.md §2). */
export function refuseControl(text: string, field: string): void {
  if (!/[\u0000-\u001f]/.test(text)) return;
  throw new ClaudemeshError("control_character", `\`${field}\` holds a control character`, { details: { field } });
}

function readBase64url(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  // The decoder skips what it does not know; only the exact encoding comes back as it was.
  if (bytes.toString("base64url") !== text) throw invalid("body", "must be base64url without padding");
  return bytes;
}
