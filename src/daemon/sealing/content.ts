import { type Attachment, readAttachments } from "../../protocol/attachment.ts";
import { contentOverheadBytes } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { canonicalJson } from "../../protocol/json-canonical.ts";
import { parseJson } from "../../protocol/json-parse.ts";
import type { JsonValue } from "../../protocol/json-value.ts";
import { limits } from "../../protocol/limits.ts";

/**
 * What is sealed: one byte 0x01, the length of the attachments as 4 bytes (big-endian; 0 for none), the attachments as
 * canonical JSON, and the body up to the end. Framed so, since the files' keys must be as secret as the body.
 */
const version = 0x01;

/** The same bytes for the same content, as whatever is sealed has to be. */
export function frameContent(attachments: readonly Attachment[], body: Uint8Array): Buffer {
  // Field by field, so that nothing else of what a caller holds is sealed to others.
  const list = attachments.map(({ name, bytes, content_type, file_id, key }) => ({
    name,
    bytes,
    content_type,
    file_id,
    key,
  }));
  if (list.length > 0 && readAttachments(list) === null)
    throw new ClaudemeshError("invalid_field", "an attachment's name or type cannot be sent, or there are too many", {
      hint: `rename the file without "/", "\\" and control characters; a message has at most ${limits.attachmentsMax} files`,
    });
  const json = Buffer.from(list.length === 0 ? "" : canonicalJson(list as JsonValue));
  const head = Buffer.alloc(contentOverheadBytes);
  head.writeUInt8(version, 0);
  head.writeUInt32BE(json.length, 1);
  return Buffer.concat([head, json, body]);
}

/**
 * The content of an opened body; null when it is not framed so, which a sender with another program can bring about: then
 * nothing of it is shown. `body` shares its memory with `plain`.
 */
export function readContent(
  plain: Buffer,
): { readonly attachments: readonly Attachment[]; readonly body: Buffer } | null {
  if (plain.length < contentOverheadBytes || plain.readUInt8(0) !== version) return null;
  const end = contentOverheadBytes + plain.readUInt32BE(1);
  if (end > plain.length) return null;
  const body = plain.subarray(end);
  if (end === contentOverheadBytes) return { attachments: [], body };
  const attachments = readAttachments(parsed(plain.subarray(contentOverheadBytes, end)));
  return attachments === null ? null : { attachments, body };
}

/** Undefined for what is not JSON of the profile. */
function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(bytes, { depthMax: 2 });
  } catch (error) {
    if (error instanceof ClaudemeshError) return undefined;
    throw error;
  }
}
