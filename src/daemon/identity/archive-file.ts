import type { KeyObject } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import { importPrivate, privateText } from "./private-key-text.ts";

const schemaVersion = 1;

/** An x25519 key that the member has rotated away: what was sealed to it opens until its grace is over. */
export interface ArchivedKey {
  /** The ed25519 public key that it was in use beside. */
  readonly keyId: string;
  readonly x25519PublicKey: string;
  readonly x25519Key: KeyObject;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly rotatedOutAt: string;
  readonly expiresAt: string;
}

/** What a keypair-archive.json says. */
export type ArchiveReading =
  | { readonly whole: true; readonly keys: readonly ArchivedKey[] }
  | {
      readonly whole: false;
      readonly problem: string;
      /** The entries that hold each by itself. */
      readonly keys: readonly ArchivedKey[];
      /** How many do not; null: too little can be read to tell. */
      readonly lost: number | null;
    };

/** Throws schema_newer for what a later program has written; whatever else is wrong is told, with what can be saved. */
export function readArchive(text: string, path: string): ArchiveReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What JSON.parse says may quote the file: nothing of it goes any further.
    return salvaged("it is not JSON", flatObjects(text), null);
  }
  const { schema_version: version, keys } = isRecord(value) ? value : {};
  if (typeof version === "number" && version > schemaVersion)
    throw new ClaudemeshError("schema_newer", `${path} was written by a newer claudemesh (schema ${version})`, {
      hint: "install that version or a later one",
    });
  if (!Array.isArray(keys)) return salvaged("it has no list of keys", flatObjects(text), null);
  if (version !== schemaVersion) return salvaged("its schema is not known", keys, keys.length);
  const read = keys.map(readEntry);
  const whole = read.filter((key) => key !== null);
  if (whole.length < read.length) return salvaged("an entry's keys do not belong together", keys, keys.length);
  if (unique(whole).length < whole.length) return salvaged("two entries have the same key_id", keys, keys.length);
  return { whole: true, keys: newestFirst(whole) };
}

/** Every entry as it is kept, the newest first. */
export function archiveText(keys: readonly ArchivedKey[], maxArchivedKeys: number): string {
  const file = {
    schema_version: schemaVersion,
    max_archived_keys: maxArchivedKeys,
    keys: newestFirst(keys).map((key) => ({
      key_id: key.keyId,
      ed25519_pubkey: key.keyId,
      x25519_pubkey: key.x25519PublicKey,
      x25519_privkey: privateText(key.x25519Key),
      created_at: key.createdAt,
      rotated_out_at: key.rotatedOutAt,
      expires_at: key.expiresAt,
    })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

export function newestFirst(keys: readonly ArchivedKey[]): ArchivedKey[] {
  return keys.toSorted((a, b) => Date.parse(b.rotatedOutAt) - Date.parse(a.rotatedOutAt));
}

function salvaged(problem: string, entries: readonly unknown[], all: number | null): ArchiveReading {
  const keys = unique(newestFirst(entries.map(readEntry).filter((key) => key !== null)));
  return { whole: false, problem, keys, lost: all === null ? null : all - keys.length };
}

/** The first of each key_id. */
function unique(keys: readonly ArchivedKey[]): ArchivedKey[] {
  return keys.filter((key, place) => keys.findIndex(({ keyId }) => keyId === key.keyId) === place);
}

/** null: not an entry, or one whose public key is not that of its private one. */
function readEntry(value: unknown): ArchivedKey | null {
  if (!isRecord(value)) return null;
  const {
    key_id: keyId,
    ed25519_pubkey,
    x25519_pubkey,
    x25519_privkey,
    created_at,
    rotated_out_at,
    expires_at,
  } = value;
  if (typeof keyId !== "string" || !isMemberId(keyId) || ed25519_pubkey !== keyId) return null;
  if (typeof x25519_pubkey !== "string" || typeof x25519_privkey !== "string") return null;
  if (!isTime(created_at) || !isTime(rotated_out_at) || !isTime(expires_at)) return null;
  try {
    const x25519Key = importPrivate(x25519_privkey, "x25519");
    if (publicKeyHexOf(x25519Key) !== x25519_pubkey) return null;
    return {
      keyId,
      x25519PublicKey: x25519_pubkey,
      x25519Key,
      createdAt: created_at,
      rotatedOutAt: rotated_out_at,
      expiresAt: expires_at,
    };
  } catch {
    return null;
  }
}

/** Whatever stands in a text that is damaged as a whole and reads as an object without others in it. */
function flatObjects(text: string): unknown[] {
  return [...text.matchAll(/\{[^{}]*\}/g)].flatMap(([object]) => {
    try {
      return [JSON.parse(object) as unknown];
    } catch {
      return [];
    }
  });
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && isRfc3339(value);
}
