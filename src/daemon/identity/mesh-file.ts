import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { isLoopback } from "../../protocol/loopback.ts";
import { requireOrdinaryFile } from "../ordinary-files.ts";

/** Which mesh a member's directory belongs to, and the broker pinned at joining (mesh.json, 0600). */
export interface MeshFile {
  readonly mesh_id: string;
  readonly slug: string;
  readonly member_name: string;
  /** ws:// or wss:// address of the broker's link. */
  readonly broker_url: string;
  /** The deployment's ed25519 public key, 64 lower-case hex characters. */
  readonly broker_key: string;
  /**
   * Print of the TLS certificate that was pinned (base/pinned-tls.ts); null for one that the system must trust, and for
   * ws:// on loopback.
   */
  readonly certificate_print: string | null;
  /** The member's keys are in the memory of its daemon alone; absent: they are beside this file. */
  readonly ephemeral?: true;
}

/** Checks and writes; replaces what is there, so that a moved broker can be pinned anew. */
export function writeMeshFile(dir: string, mesh: MeshFile): void {
  const path = meshPath(dir);
  check(path, mesh);
  const { mesh_id, slug, member_name, broker_url, broker_key, certificate_print, ephemeral } = mesh;
  const told = { mesh_id, slug, member_name, broker_url, broker_key, certificate_print };
  const text = JSON.stringify(ephemeral === true ? { ...told, ephemeral } : told, null, 2);
  writeFileAtomic(path, `${text}\n`);
}

/** Throws invalid_config for a missing or damaged file. */
export function readMeshFile(dir: string): MeshFile {
  const path = meshPath(dir);
  if (!existsSync(path)) {
    throw new ClaudemeshError("invalid_config", `${path} is missing: this directory belongs to no mesh`, {
      hint: "claudemesh up",
    });
  }
  requireOrdinaryFile(path);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path} is not JSON`, {
      hint: "put the file back from a backup, or join the mesh again",
      cause,
    });
  }
  // Written before there were pins, the file has none.
  const mesh = typeof value === "object" && value !== null ? { certificate_print: null, ...value } : value;
  check(path, mesh);
  return mesh;
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
  const print = fields["certificate_print"];
  if (print !== null && (typeof print !== "string" || !isMemberId(print)))
    return "`certificate_print` must be 64 lower-case hex characters or null";
  if (fields["ephemeral"] !== undefined && fields["ephemeral"] !== true) return "`ephemeral` is true or absent";
  const url = URL.parse(String(fields["broker_url"]));
  if (!/^wss?:$/.test(url?.protocol ?? "")) return "`broker_url` must be a ws:// or wss:// address";
  if (url?.protocol === "ws:" && !isLoopback(url.hostname))
    return "`broker_url` must be a wss:// address: beyond this host a link has TLS";
  return null;
}

function isName(name: string): boolean {
  try {
    return checkName(name, "member") === name.toLowerCase() && !isMemberId(name);
  } catch {
    return false;
  }
}
