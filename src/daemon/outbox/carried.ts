import { bodyHash } from "../../protocol/fingerprint.ts";
import type { AttachmentView } from "../../protocol/attachment.ts";
import { canonicalJson } from "../../protocol/json-canonical.ts";
import type { JsonValue } from "../../protocol/json-value.ts";

/** A file that a row carries. Its key is in no database: the files of this daemon derive it when the row is sealed. */
export type Carried = AttachmentView;

export function carriedOf({ attachments }: { readonly attachments: string }): readonly Carried[] {
  return attachments === "" ? [] : (JSON.parse(attachments) as Carried[]);
}

export function carriedText(carried: readonly Carried[]): string {
  return carried.length === 0 ? "" : JSON.stringify(carried);
}

const version = 0x01;

/**
 * What stands for the body in the local fingerprint. With files it is the hash of the content framed as it is sealed, where name,
 * type and id stand for each; the id is the hash of an index that has the file's length and hash, so the same file is the same.
 */
export function contentHash(
  body: Uint8Array,
  carried: readonly Pick<Carried, "name" | "content_type" | "file_id">[],
): Buffer {
  if (carried.length === 0) return bodyHash(body);
  const list = carried.map(({ name, content_type, file_id }) => ({ name, content_type, file_id }));
  const json = Buffer.from(canonicalJson(list as JsonValue));
  const head = Buffer.alloc(5);
  head.writeUInt8(version, 0);
  head.writeUInt32BE(json.length, 1);
  return bodyHash(Buffer.concat([head, json, body]));
}
