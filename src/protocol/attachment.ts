import { isBase64Url, isContentType } from "./envelope-check.ts";
import { isMemberId } from "./ids.ts";
import { limits } from "./limits.ts";

/** A file that a message brings, as its sealed body tells of it: where its chunks are, and the key that opens them. */
export interface Attachment {
  /** What the sender calls it: a name, never a path. */
  readonly name: string;
  /** Of the file as it was written. */
  readonly bytes: number;
  readonly content_type: string;
  /** 64 lower-case hex characters. */
  readonly file_id: string;
  /** 32 bytes, base64url. A secret: never in a log, an error or an answer. */
  readonly key: string;
}

const keyChars = 43;
/**
 * Separators of paths, control characters, line breaks, and those that turn the direction of text: with one of them
 * `exe.txt` is what a reader sees of a name that ends otherwise.
 */
const unfitPattern = /[/\\\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a file may be called so: 1–255 bytes of UTF-8 that name no other folder and hide nothing. */
export function isAttachmentName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    name.isWellFormed() &&
    Buffer.byteLength(name) <= limits.attachmentNameBytesMax &&
    !unfitPattern.test(name)
  );
}

/** What an attachment of a message says, read from JSON; null when a field is missing or has not its form. */
export function readAttachment(value: unknown): Attachment | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, bytes, content_type, file_id, key } = value as Record<string, unknown>;
  const fits =
    typeof name === "string" &&
    isAttachmentName(name) &&
    typeof bytes === "number" &&
    Number.isSafeInteger(bytes) &&
    bytes >= 0 &&
    typeof content_type === "string" &&
    isContentType(content_type) &&
    typeof file_id === "string" &&
    isMemberId(file_id) &&
    typeof key === "string" &&
    key.length === keyChars &&
    isBase64Url(key);
  return fits ? { name, bytes, content_type, file_id, key } : null;
}

/** A list of them, in its order; null for none, for too many, and when one of them is not read. */
export function readAttachments(value: unknown): readonly Attachment[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > limits.attachmentsMax) return null;
  const attachments: Attachment[] = [];
  for (const item of value) {
    const attachment = readAttachment(item);
    if (attachment === null) return null;
    attachments.push(attachment);
  }
  return attachments;
}

/** As answers tell of a file: what it is, and not what opens it. */
export interface AttachmentView {
  readonly name: string;
  readonly bytes: number;
  readonly content_type: string;
  readonly file_id: string;
}

export function shownAttachment({ name, bytes, content_type, file_id }: Attachment): AttachmentView {
  return { name, bytes, content_type, file_id };
}

/** A file that was handed over to be sent. */
export interface FileView extends AttachmentView {
  /** Of its bytes, 64 hex characters. */
  readonly sha256: string;
}

/** One of the files of a send. */
export interface SendAttachment {
  readonly file_id: string;
  /** Default: as it was called when it was handed over. */
  readonly name?: string;
  readonly content_type?: string;
}
