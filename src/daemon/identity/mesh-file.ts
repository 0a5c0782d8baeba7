import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId } from "../../protocol/ids.ts";

/** Which mesh a member's directory belongs to, and the broker pinned at joining (mesh.json, 0600). */
export interface MeshFile {
  readonly mesh_id: string;
  readonly slug: string;
  readonly member_name: string;
  /** ws:// or wss:// address of the broker's link. */
  readonly broker_url: string;
  /** The deployment's ed25519 public key, 64 lower-case hex characters. */
  readonly broker_key: string;
}

/** Checks and writes; replaces what is there, so that a moved broker can be pinned anew. */
export function writeMeshFile(dir: string, mesh: MeshFile): void {
  const path = meshPath(dir);
  check(path, mesh);
  const { mesh_id, slug, member_name, broker_url, broker_key } = mesh;
  writeFileAtomic(path, `${JSON.stringify({ mesh_id, slug, member_name, broker_url, broker_key }, null, 2)}\n`);
}

/** Throws invalid_config for a missing or damaged file. */
export function readMeshFile(dir: string): MeshFile {
  const path = meshPath(dir);
  if (!existsSync(path)) {
    throw new ClaudemeshError("invalid_config", `${path} is missing: this directory belongs to no mesh`, {
      hint: "claudemesh up",
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path} is not JSON`, {
      hint: "put the file back from a backup, or join the mesh again",
      cause,
    });
  }
  check(path, value);
  return value;
}

function meshPath(dir: string): string {
  return join(dir, "mesh.json");
}

function check(path: string, value: unknown): asserts value is MeshFile {
  const wrong = wrongField(value);
  if (wrong === null) return;
  throw new ClaudemeshError("invalid_config", `${path}: ${wrong}`, {
    hint: "put the file back from a backup, or join the mesh again",
  });
}

function wrongField(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "not an object";
  const fields = value as Record<string, unknown>;
  for (const name of ["mesh_id", "slug", "member_name", "broker_url", "broker_key"]) {
    if (typeof fields[name] !== "string" || fields[name] === "") return `\`${name}\` is missing`;
  }
  if (!isMemberId(String(fields["broker_key"]))) return "`broker_key` must be 64 lower-case hex characters";
  if (!isName(String(fields["member_name"])))
    return "`member_name` must be a name: letters, digits, `.`, `_`, `-`, at most 64";
  if (!/^wss?:$/.test(URL.parse(String(fields["broker_url"]))?.protocol ?? ""))
    return "`broker_url` must be a ws:// or wss:// address";
  return null;
}

function isName(name: string): boolean {
  try {
    return checkName(name, "member") === name.toLowerCase() && !isMemberId(name);
  } catch {
    return false;
  }
}
