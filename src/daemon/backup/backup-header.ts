import { ClaudemeshError } from "../../protocol/error.ts";

/**
 * The first 64 bytes of a backup, in the clear and bound to everything that follows: magic, version of the format (2 bytes),
 * Argon2id's memory in KiB and passes (4 each) and parallelism (1), its salt (16), the nonce's beginning (19). Numbers are
 * big-endian.
 */
export interface BackupHeader {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  /** The rest of each chunk's nonce is its place and whether it is the last. */
  readonly noncePrefix: Buffer;
}

const magic = Buffer.from("claudemesh-backup\n", "ascii");
export const formatVersion = 1;
export const saltBytes = 16;
export const noncePrefixBytes = 19;
export const headerBytes = 64;

/** What a new backup is made with (RFC 9106 §4, the second recommended option). */
export const keyCost = { memoryKiB: 65_536, passes: 3, parallelism: 4 } as const;

/** What a backup may ask of whoever opens it, before anything is known of who made it. */
const costMax = { memoryKiB: 262_144, passes: 16, parallelism: 8 } as const;
/** Argon2's own floor for one lane. */
const memoryKiBPerLaneMin = 8;

const at = { version: 18, memoryKiB: 20, passes: 24, parallelism: 28, salt: 29, noncePrefix: 45 } as const;

export function writeHeader(header: BackupHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.set(magic);
  bytes.writeUInt16BE(formatVersion, at.version);
  bytes.writeUInt32BE(header.memoryKiB, at.memoryKiB);
  bytes.writeUInt32BE(header.passes, at.passes);
  bytes.writeUInt8(header.parallelism, at.parallelism);
  bytes.set(header.salt, at.salt);
  bytes.set(header.noncePrefix, at.noncePrefix);
  return bytes;
}

/** Throws backup_unreadable for what is no backup or asks for too much, schema_newer for a newer program's. */
export function readHeader(bytes: Buffer): BackupHeader {
  if (bytes.length !== headerBytes || !bytes.subarray(0, magic.length).equals(magic))
    throw new ClaudemeshError("backup_unreadable", "this is not a backup that claudemesh has made", {
      hint: "name the file that claudemesh backup wrote: claudemesh restore --in FILE",
    });
  const version = bytes.readUInt16BE(at.version);
  if (version > formatVersion)
    throw new ClaudemeshError("schema_newer", `the backup was made by a newer claudemesh (format ${version})`, {
      hint: "install that version or a later one",
    });
  const header = {
    memoryKiB: bytes.readUInt32BE(at.memoryKiB),
    passes: bytes.readUInt32BE(at.passes),
    parallelism: bytes.readUInt8(at.parallelism),
    salt: bytes.subarray(at.salt, at.salt + saltBytes),
    noncePrefix: bytes.subarray(at.noncePrefix, at.noncePrefix + noncePrefixBytes),
  };
  if (version === 0 || !isBearable(header)) throw unreadable();
  return header;
}

function isBearable({ memoryKiB, passes, parallelism }: BackupHeader): boolean {
  return (
    parallelism >= 1 &&
    parallelism <= costMax.parallelism &&
    passes >= 1 &&
    passes <= costMax.passes &&
    memoryKiB >= memoryKiBPerLaneMin * parallelism &&
    memoryKiB <= costMax.memoryKiB
  );
}

/** One error for a wrong passphrase and for changed bytes: which of them it is cannot be told. */
export function unreadable(cause?: unknown): ClaudemeshError {
  return new ClaudemeshError(
    "backup_unreadable",
    "the backup cannot be opened: the passphrase is another one, or the file was changed or cut",
    { hint: "try the passphrase that it was made with, or another copy of the file", cause },
  );
}
