import { createSecretKey, hash, type KeyObject } from "node:crypto";
import { lengthPrefixed } from "../../protocol/length-prefixed.ts";
import { limits } from "../../protocol/limits.ts";
import { openChaCha, sealChaCha, tagBytes } from "../sealing/chacha.ts";
import { hkdfExpand, hkdfExtract, noSalt } from "../sealing/hkdf.ts";

/**
 * How a file travels: cut into chunks of 1 MiB, each sealed under the file's key with its place, so that none can stand for
 * another or be left out. Sealed chunks are blobs, named by their hash. The index lists them, is sealed under the same key, and
 * is a blob too; its name is the file's. The key comes from the sender's sealing secret and the file's hash: the same file gives
 * the same blobs whenever it is put, and no key is ever used for other bytes.
 */
export const chunkBytes = 1_048_576;

/** What the index says, opened. */
export interface FileIndex {
  readonly bytes: number;
  /** Of the whole file, 64 hex characters. */
  readonly sha256: string;
  /** Names of the chunks' blobs, in order. */
  readonly chunks: readonly string[];
}

const keyTag = Buffer.from("claudemesh:file-key:v1", "ascii");
const chunkTag = Buffer.from("claudemesh:file-chunk:v1", "ascii");
const indexTag = Buffer.from("claudemesh:file-index:v1", "ascii");
const keyBytes = 32;
const nonceBytes = 12;
const nothing = Buffer.alloc(0);

/** `secret`: the member's sealing secret; `sha256`: of the file, 64 hex characters. */
export function fileKey(secret: KeyObject, sha256: string): Buffer {
  const info = lengthPrefixed(keyTag, [Buffer.from(sha256, "hex")]);
  return hkdfExpand(hkdfExtract(noSalt, [secret.export()]), [info], keyBytes);
}

export function blobName(sealed: Uint8Array): string {
  return hash("sha256", sealed, "hex");
}

export function chunkCount(bytes: number): number {
  return Math.ceil(bytes / chunkBytes);
}

/** Seals and opens the pieces of one file. */
export interface FileCipher {
  sealChunk(place: number, chunk: Uint8Array): Buffer;
  /** null: these bytes are not that chunk of this file. */
  openChunk(place: number, sealed: Uint8Array): Buffer | null;
  sealIndex(index: FileIndex): Buffer;
  /** null: these bytes are not the index of a file of this key and length. */
  openIndex(sealed: Uint8Array): FileIndex | null;
}

/** `bytes`: of the whole file; every piece is bound to it. */
export function fileCipher(rawKey: Uint8Array, bytes: number): FileCipher {
  const key = createSecretKey(rawKey);
  const count = chunkCount(bytes);
  const aadOf = (place: number): Buffer => lengthPrefixed(chunkTag, [String(place), String(bytes), String(count)]);
  const indexAad = lengthPrefixed(indexTag, [String(bytes)]);
  const lengthOf = (place: number): number => Math.min(chunkBytes, bytes - place * chunkBytes);
  return {
    sealChunk: (place, chunk) => sealChaCha(key, chunkNonce(place), aadOf(place), chunk, nothing),
    openChunk(place, sealed) {
      if (place >= count || sealed.length !== lengthOf(place) + tagBytes) return null;
      return openChaCha(key, chunkNonce(place), aadOf(place), sealed);
    },
    sealIndex: (index) => sealChaCha(key, indexNonce, indexAad, Buffer.from(JSON.stringify(ordered(index))), nothing),
    openIndex(sealed) {
      const opened = sealed.length > limits.blobBytesMax ? null : openChaCha(key, indexNonce, indexAad, sealed);
      const index = opened === null ? null : readIndex(opened);
      return index === null || index.bytes !== bytes || index.chunks.length !== count ? null : index;
    },
  };
}

/** Counters of chunks begin with zeros, so the index has a nonce that none of them ever gets. */
const indexNonce = Buffer.alloc(nonceBytes, 0xff);

/** Each key seals one chunk at each place. */
export function chunkNonce(place: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUIntBE(place, nonceBytes - 6, 6);
  return nonce;
}

function ordered({ bytes, sha256, chunks }: FileIndex): Record<string, unknown> {
  return { format: 1, bytes, sha256, chunks };
}

/** A sender may have written anything into it. */
function readIndex(opened: Buffer): FileIndex | null {
  try {
    const { format, bytes, sha256, chunks } = JSON.parse(opened.toString("utf8")) as Record<string, unknown>;
    const fits =
      format === 1 &&
      typeof bytes === "number" &&
      Number.isSafeInteger(bytes) &&
      isHash(sha256) &&
      Array.isArray(chunks) &&
      chunks.every(isHash);
    return fits ? { bytes, sha256, chunks } : null;
  } catch {
    return null;
  }
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
