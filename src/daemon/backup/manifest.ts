import { isName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { daemonFiles } from "../daemon-files.ts";
import { schemaVersion } from "../schema-version.ts";
import { unreadable } from "./backup-header.ts";

/** What a backup says of itself, before its files. */
export interface Manifest {
  /** Of claudemesh, which made it. */
  readonly program_version: string;
  /** Of the folder (schema-version.ts). */
  readonly schema_version: number;
  readonly created_at: string;
  readonly mesh: string;
  readonly mesh_id: string;
  readonly member_id: string;
  readonly member_name: string;
  /** With the databases. */
  readonly messages: boolean;
  /** Migrations that each database has, by the database's name. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  /** In the order in which their bytes follow. */
  readonly files: readonly ManifestFile[];
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** 64 hex characters. */
  readonly sha256: string;
}

/** More than a mesh's name and a row for each file ever need. */
export const manifestBytesMax = 1_048_576;

/**
 * Reads what was opened under the right passphrase, and still believes nothing of it: its names become paths. Throws
 * backup_unreadable, or schema_newer where a newer program has made it.
 */
export function readManifest(bytes: Buffer): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw unreadable(cause);
  }
  if (!isRecord(value)) throw unreadable();
  const { program_version, schema_version, created_at, mesh, mesh_id, member_id, member_name } = value;
  const { messages, migrations, files } = value;
  if (typeof schema_version === "number" && schema_version > schemaVersion) throw newer(program_version);
  const fits =
    [program_version, created_at, mesh_id, member_name].every((text) => typeof text === "string") &&
    typeof mesh === "string" &&
    // It names the folder.
    isName(mesh) &&
    typeof member_id === "string" &&
    isMemberId(member_id) &&
    typeof messages === "boolean" &&
    schema_version === schemaVersion &&
    isRecord(migrations) &&
    Object.values(migrations).every(isTexts) &&
    Array.isArray(files) &&
    files.every(isFile);
  if (!fits) throw unreadable();
  const manifest = value as unknown as Manifest;
  const names = manifest.files.map(({ name }) => name);
  if (new Set(names).size !== names.length || names.some((name) => !isPlainName(name))) throw unreadable();
  const known = new Set(daemonFiles.filter(({ backup }) => backup !== "never").map(({ name }) => name));
  if (names.some((name) => !known.has(name))) throw newer(program_version);
  return manifest;
}

/** A name that stays in its folder on every system. */
function isPlainName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) && !name.includes("..");
}

function isFile(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value["name"] === "string" &&
    Number.isSafeInteger(value["bytes"]) &&
    Number(value["bytes"]) >= 0 &&
    typeof value["sha256"] === "string" &&
    /^[0-9a-f]{64}$/.test(value["sha256"])
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

export function newer(programVersion: unknown): ClaudemeshError {
  const version = typeof programVersion === "string" ? programVersion.slice(0, 40) : "of another version";
  return new ClaudemeshError("schema_newer", `the backup was made by a newer claudemesh (${version})`, {
    hint: "install that version or a later one",
  });
}
