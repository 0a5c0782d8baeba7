import type { FolderFile } from "../../base/folder-file.ts";
import { isName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { schemaVersion } from "../schema-version.ts";
import { unreadable } from "./backup-header.ts";

/** What a backup says of itself, before its files. */
export type Manifest = ManifestBase & (OfDaemon | OfBroker);

interface ManifestBase {
  /** Of claudemesh, which made it. */
  readonly program_version: string;
  readonly created_at: string;
  /** With the databases. */
  readonly messages: boolean;
  /** Migrations that each database has, by the database's name. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  /** In the order in which their bytes follow. */
  readonly files: readonly ManifestFile[];
}

export interface OfDaemon {
  readonly of: "daemon";
  /** Of the folder (schema-version.ts). */
  readonly schema_version: number;
  readonly mesh: string;
  readonly mesh_id: string;
  readonly member_id: string;
  readonly member_name: string;
}

export interface OfBroker {
  readonly of: "broker";
  /** The deployment's public key, by which members know it. */
  readonly broker_key: string;
}

/** What may be in a backup of each. */
export type FolderFiles = Readonly<Record<Manifest["of"], readonly FolderFile[]>>;

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
export function readManifest(bytes: Buffer, folders: FolderFiles): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw unreadable(cause);
  }
  if (!isRecord(value)) throw unreadable();
  const { of, program_version, schema_version } = value;
  const isNewer = typeof schema_version === "number" && schema_version > schemaVersion;
  if (isNewer || (typeof of === "string" && of !== "daemon" && of !== "broker")) throw newer(program_version);
  if (!isManifest(value)) throw unreadable();
  const names = value.files.map(({ name }) => name);
  const files = folders[value.of].filter(({ backup }) => backup !== "never");
  if (new Set(names).size !== names.length || !names.every((name) => staysInside(name, files))) throw unreadable();
  if (!names.every((name) => isKnown(name, files))) throw newer(program_version);
  return value;
}

function isManifest(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Manifest {
  const { of, program_version, created_at, messages, migrations, files } = value;
  return (
    (of === "daemon" ? isOfDaemon(value) : isId(value["broker_key"])) &&
    typeof program_version === "string" &&
    typeof created_at === "string" &&
    typeof messages === "boolean" &&
    isRecord(migrations) &&
    Object.values(migrations).every(isTexts) &&
    Array.isArray(files) &&
    files.every(isFile)
  );
}

function isOfDaemon({
  schema_version,
  mesh,
  mesh_id,
  member_id,
  member_name,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    schema_version === schemaVersion &&
    typeof mesh === "string" &&
    // It names the folder.
    isName(mesh) &&
    mesh === mesh.toLowerCase() &&
    typeof mesh_id === "string" &&
    isId(member_id) &&
    typeof member_name === "string"
  );
}

function isId(value: unknown): boolean {
  return typeof value === "string" && isMemberId(value);
}

/** A file of the folder itself, or `folder/program` of one of the folders in it that have programs. */
function staysInside(name: string, files: readonly FolderFile[]): boolean {
  const [first = "", inner, ...more] = name.split("/");
  if (inner === undefined) return isPlainName(first);
  return (
    more.length === 0 && isPlainName(inner) && files.some((file) => file.name === first && file.programs !== undefined)
  );
}

function isKnown(name: string, files: readonly FolderFile[]): boolean {
  const [first, inner] = name.split("/");
  const known = files.find((file) => file.name === first);
  return inner === undefined ? known !== undefined && known.kind !== "folder" : known?.programs?.(inner) === true;
}

/** A name that stays in its folder on every system. */
function isPlainName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,127}$/.test(name) && !name.includes("..");
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
