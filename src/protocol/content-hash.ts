import type { SendAttachment } from "./attachment.ts";
import { bodyHash } from "./fingerprint.ts";
import { canonicalJson } from "./json-canonical.ts";
import type { JsonValue } from "./json-value.ts";

const version = 0x01;

/**
 * What stands for the body in the local fingerprint. With files it is the hash of the content framed as it is sealed, where name,
 * type and id stand for each; the id is the hash of an index that has the file's length and hash, so the same file is the same.
 */
export function contentHash(body: Uint8Array, files: readonly Required<SendAttachment>[]): Buffer {
  if (files.length === 0) return bodyHash(body);
  const list = files.map(({ name, content_type, file_id }) => ({ name, content_type, file_id }));
  const json = Buffer.from(canonicalJson(list as JsonValue));
  const head = Buffer.alloc(5);
  head.writeUInt8(version, 0);
  head.writeUInt32BE(json.length, 1);
  return bodyHash(Buffer.concat([head, json, body]));
}
