import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { readRecord } from "./json-record.ts";

/**
 * Which member's folder on this machine founded each mesh of a broker (founders.json in the broker's data directory, 0600).
 * A pointer and no secret: who runs `up --broker DIR` may read the folder, and so sign with the owner's keys, or may not.
 */
const path = (dataDir: string): string => join(dataDir, "founders.json");
const hint = "put the file back from a backup, or remove it: further members then join by claudemesh invite";

/** null: nobody of this machine has founded the mesh, or the file was lost. */
export function founderOf(dataDir: string, meshId: string): string | null {
  const folder = readFounders(dataDir)[meshId];
  return typeof folder === "string" ? folder : null;
}

/** By mesh_id. */
export function readFounders(dataDir: string): Readonly<Record<string, unknown>> {
  return readRecord(path(dataDir), hint);
}

export function noteFounder(dataDir: string, meshId: string, folder: string): void {
  const known = readFounders(dataDir);
  if (known[meshId] === folder) return;
  writeFileAtomic(path(dataDir), `${JSON.stringify({ ...known, [meshId]: folder }, null, 2)}\n`);
}
