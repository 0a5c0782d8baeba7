import { defaultBytesType, defaultTextType } from "../protocol/envelope.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { SendRequest } from "../protocol/local-api.ts";
import { isBase64Url } from "../protocol/envelope-check.ts";
import type { OutboxChange } from "./client.ts";
import { metaText } from "./json-profile.ts";

/** A message to send. Exactly one of `message`, a text, and `body`, bytes. */
export interface OutgoingMessage extends Omit<SendRequest, "body"> {
  /** Bytes, or the same in base64url without padding. */
  readonly body?: Uint8Array | string;
}

/** The JSON of a send: its meta stands there in its canonical text. Throws a code of the JSON profile. */
export function sendText(message: OutgoingMessage, clientMessageId: string): string {
  const { meta, ...fields } = message;
  const text = metaText(meta);
  return jsonWith({ ...written(fields), client_message_id: clientMessageId }, "meta", text === "" ? null : text);
}

/** The JSON of what a requeue changes; as {@link sendText}. */
export function changeText({ new_id, patch }: OutboxChange): string {
  if (patch === undefined) return JSON.stringify({ new_id });
  const { meta, ...fields } = patch;
  // Given as null it takes the old meta away.
  const text = meta === undefined ? null : metaText(meta) || "null";
  return jsonWith({ new_id }, "patch", jsonWith(written(fields), "meta", text));
}

function written<T extends Pick<OutgoingMessage, "body">>(fields: T) {
  const { body } = fields;
  return body instanceof Uint8Array ? { ...fields, body: base64Url(body) } : fields;
}

/** JSON of an object with one more member, whose value is JSON already; null: without it. */
function jsonWith(fields: object, name: string, json: string | null): string {
  const text = JSON.stringify(fields);
  if (json === null) return text;
  return `${text.slice(0, -1)}${text === "{}" ? "" : ","}${JSON.stringify(name)}:${json}}`;
}

/** Bytes and media type of a message, as the daemon reads them. */
export function contentOf({ message, body, content_type }: OutgoingMessage): {
  readonly bytes: Uint8Array;
  readonly contentType: string;
} {
  if (message !== undefined && body !== undefined)
    throw new ClaudemeshError("invalid_field", "`message` and `body` are both given", { hint: "give exactly one" });
  if (message !== undefined && !message.isWellFormed())
    throw new ClaudemeshError("lone_surrogate", "`message` has a lone surrogate");
  if (message !== undefined) return { bytes: Buffer.from(message), contentType: content_type ?? defaultTextType };
  if (body === undefined)
    throw new ClaudemeshError("missing_field", "neither `message` nor `body` is given", { hint: "give exactly one" });
  if (typeof body === "string" && !isBase64Url(body))
    throw new ClaudemeshError("invalid_field", "`body` must be bytes, or base64url without padding");
  const bytes = typeof body === "string" ? Buffer.from(body, "base64url") : body;
  return { bytes, contentType: content_type ?? defaultBytesType };
}

/** The bytes that a message of the inbox, of the history or of a queue brought. */
export function bodyBytes({ body }: { readonly body: string }): Uint8Array {
  return new Uint8Array(Buffer.from(body, "base64url"));
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}
