import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readFileIfPresent } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { readArchive } from "./archive-file.ts";
import { peekNextKeypair, readKeypair } from "./keypair.ts";

/** How a folder's keys stand, for whoever looks from outside. */
export interface KeysFound {
  readonly keyId: string;
  /** A change of keys that has begun and is not done; `keyId` null: its file cannot be used. null: there is none. */
  readonly next: { readonly keyId: string | null } | null;
  /** null: there is none. */
  readonly archive: {
    /** null: it is whole. */
    readonly problem: string | null;
    readonly lost: number | null;
    /** Newest first, what can be read of them. */
    readonly keys: readonly { readonly keyId: string; readonly expiresAt: string }[];
    /** Of the file, its lowest nine bits. */
    readonly mode: number;
  } | null;
  /** Names of damaged files that were moved aside and are still there; they may hold keys. */
  readonly aside: readonly string[];
}

/** Reads and changes nothing, whether a daemon runs or not. Throws as readKeypair, and schema_newer for a later program's files. */
export function inspectKeys(dir: string): KeysFound {
  const current = readKeypair(dir);
  const path = join(dir, "keypair-archive.json");
  const bytes = readFileIfPresent(path);
  const read = bytes === null ? null : readArchive(bytes.toString("utf8"), path);
  return {
    keyId: current.keyId,
    next: nextOf(dir, current),
    archive:
      read === null
        ? null
        : {
            problem: read.whole ? null : read.problem,
            lost: read.whole ? 0 : read.lost,
            keys: read.keys.map(({ keyId, expiresAt }) => ({ keyId, expiresAt })),
            mode: (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777,
          },
    aside: readdirSync(dir).filter((name) => /^keypair.*\.malformed-/.test(name)),
  };
}

function nextOf(dir: string, current: Parameters<typeof peekNextKeypair>[1]): KeysFound["next"] {
  try {
    const next = peekNextKeypair(dir, current);
    return next === null ? null : { keyId: next.keyId };
  } catch (thrown) {
    const known = ClaudemeshError.from(thrown);
    if (known.code === "schema_newer") throw known;
    return { keyId: null };
  }
}
