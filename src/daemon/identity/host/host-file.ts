import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../../../base/atomic-file.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { isRecord } from "../../../protocol/feature-schemas.ts";
import { isRfc3339, rfc3339 } from "../../../protocol/time.ts";
import { hostHash, wiredHash } from "./fingerprint.ts";
import type { HostFacts } from "./read-host.ts";

export const hostFileName = "host_fingerprint.json";

const schemaVersion = 2;
const saltBytes = 32;
/** Addresses of wires that are kept. */
export const wiredMacsMax = 16;

/** The host that a member belongs to (host_fingerprint.json, 0600). It names no id and no address, only hashes of them. */
export interface HostFile {
  readonly version: 2;
  /** What the id was read from: a source of os-table.ts, `override`, `mac`, or `random`. */
  readonly source: string;
  readonly namespace: string;
  /** 64 hex characters. */
  readonly hash: string;
  readonly salt: Buffer;
  /** Hashes of the addresses of built-in wires, in the order in which they were met. */
  readonly wiredMacs: readonly string[];
  /** The id itself where none could be read and one was made up; null elsewhere. */
  readonly persistedId: string | null;
  readonly createdAt: string;
}

/** As version 1 wrote it. */
export interface HostFileV1 {
  readonly version: 1;
  readonly hash: string;
}

/** null: there is none. Throws schema_newer, or invalid_config for one that cannot be read. */
export function readHostFile(dir: string): HostFile | HostFileV1 | null {
  const path = join(dir, hostFileName);
  const bytes = readFileIfPresent(path);
  if (bytes === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw damaged(path, "it is not JSON", cause);
  }
  if (!isRecord(value)) throw damaged(path, "it is no object");
  const versions = [value["schema_version"], value["version"]];
  if (!versions.every(Number.isSafeInteger)) throw damaged(path, "it does not say its version");
  if (versions.some((version) => Number(version) > schemaVersion))
    throw new ClaudemeshError(
      "schema_newer",
      `${path} was written by a newer claudemesh (version ${Math.max(...versions.map(Number))})`,
      { hint: "install that version or a later one" },
    );
  const hash = value["hash"];
  if (!isHash(hash)) throw damaged(path, "`hash` must be 64 hex characters");
  if (versions.every((version) => version === 1)) return { version: 1, hash };
  if (!versions.every((version) => version === schemaVersion)) throw damaged(path, "its version is unknown");
  return readVersion2(path, value, hash);
}

function readVersion2(path: string, value: Readonly<Record<string, unknown>>, hash: string): HostFile {
  const { source, namespace, salt, wired_macs: wiredMacs, persisted_id: persistedId = null, created_at } = value;
  if (!isLabel(source) || !isLabel(namespace)) throw damaged(path, "`source` or `namespace` is missing");
  const salted = typeof salt === "string" ? Buffer.from(salt, "base64url") : Buffer.alloc(0);
  if (salted.length !== saltBytes) throw damaged(path, "`salt` must be 32 bytes in base64url");
  if (!Array.isArray(wiredMacs) || wiredMacs.length > wiredMacsMax || !wiredMacs.every(isHash))
    throw damaged(path, `\`wired_macs\` must be a list of at most ${wiredMacsMax} hashes`);
  if (persistedId !== null && typeof persistedId !== "string") throw damaged(path, "`persisted_id` must be text");
  // Without it detection would be off, and nobody would have said so.
  if ((source === "random") !== (persistedId !== null)) throw damaged(path, "`persisted_id` belongs to `random` alone");
  if (persistedId !== null && hostHash("random", persistedId) !== hash)
    throw damaged(path, "`hash` is not that of `persisted_id`");
  if (typeof created_at !== "string" || !isRfc3339(created_at)) throw damaged(path, "`created_at` must be a time");
  return { version: 2, source, namespace, hash, salt: salted, wiredMacs, persistedId, createdAt: created_at };
}

const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isLabel = (value: unknown): value is string => typeof value === "string" && /^[a-z0-9._-]{1,64}$/.test(value);

export function writeHostFile(dir: string, file: HostFile): void {
  const { version, source, namespace, hash, salt, wiredMacs, persistedId, createdAt } = file;
  const value = {
    schema_version: schemaVersion,
    version,
    source,
    namespace,
    hash,
    salt: salt.toString("base64url"),
    wired_macs: wiredMacs,
    ...(persistedId === null ? {} : { persisted_id: persistedId }),
    created_at: createdAt,
  };
  writeFileAtomic(join(dir, hostFileName), `${JSON.stringify(value, null, 2)}\n`);
}

/** For a member that belongs to this host from now on. Its salt is new: no broker can tell which host it was before. */
export function newHostFile(facts: HostFacts, now: number): HostFile {
  const salt = randomBytes(saltBytes);
  const createdAt = rfc3339(now);
  const wiredMacs = facts.wired.slice(0, wiredMacsMax).map((mac) => wiredHash(salt, mac));
  const found = facts.ids[0] ?? facts.fallback;
  if (found !== null && found !== undefined) {
    const { source, namespace, id } = found;
    return {
      version: 2,
      source,
      namespace,
      hash: hostHash(namespace, id),
      salt,
      wiredMacs,
      persistedId: null,
      createdAt,
    };
  }
  const persistedId = randomUUID();
  const named = { source: "random", namespace: "random", hash: hostHash("random", persistedId) };
  return { version: 2, ...named, salt, wiredMacs, persistedId, createdAt };
}

function damaged(path: string, why: string, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError("invalid_config", `${path} is damaged: ${why}`, {
    hint: "put the file back from a backup; if this is the host that the member belongs to: claudemesh accept-host",
    ...(cause === undefined ? {} : { cause }),
  });
}
