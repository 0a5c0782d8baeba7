import { isAttachmentName } from "../../protocol/attachment.ts";

/** A file that was handed over here. Its key is not in it: it comes from the sealing secret and the hash. */
export interface PutFile {
  readonly schema_version: 1;
  /** Name of the sealed index's blob. */
  readonly file_id: string;
  /** As it was called when it was last handed over. */
  readonly name: string;
  readonly content_type: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of all its blobs. */
  readonly sealed_bytes: number;
  /** Epoch milliseconds. */
  readonly put_at: number;
  readonly used_at: number;
  /** When the broker last confirmed that it has all blobs; null: never. */
  readonly uploaded_at: number | null;
}

/** null: it is none that this program wrote. */
export function readPutFile(text: string | null): PutFile | null {
  if (text === null) return null;
  try {
    const about = JSON.parse(text) as Partial<Record<keyof PutFile, unknown>>;
    const hashes = [about.file_id, about.sha256];
    const numbers = [about.bytes, about.sealed_bytes, about.put_at, about.used_at, about.uploaded_at ?? 0];
    const fits =
      about.schema_version === 1 &&
      hashes.every((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) &&
      numbers.every(Number.isSafeInteger) &&
      typeof about.name === "string" &&
      isAttachmentName(about.name) &&
      typeof about.content_type === "string";
    return fits ? (about as unknown as PutFile) : null;
  } catch {
    return null;
  }
}
