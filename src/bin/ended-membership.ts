import { readKeypair } from "../daemon/identity/keypair.ts";
import { readMeshFile } from "../daemon/identity/mesh-file.ts";
import { isEnded } from "./ephemeral/ended-folder.ts";
import { exitCodes } from "./exit-codes.ts";
import { readLaunchRecord, writeLaunchRecord } from "./launch-record.ts";
import { pinnedChain } from "./mesh-chain.ts";
import { lastNote } from "./process-end.ts";

/**
 * Whether a home knows that its membership of a mesh is over: it is recorded, or its own copy of the chain says so, or it was ephemeral
 * and its daemon runs no more.
 */
export function hasEnded(dir: string): boolean {
  if (isEnded(dir)) return true;
  if (readLaunchRecord(dir).readOnly) return true;
  const state = pinnedChain(dir, readMeshFile(dir).mesh_id)?.state ?? null;
  const status = state?.members.get(readKeypair(dir).memberId)?.status ?? "active";
  return status !== "active";
}

/**
 * How a daemon that is about to be started shall run: one of an ended membership for reading alone, and so from then on.
 * A member that was revoked has only the broker's word for it, by which its daemon ended; `asked` overrides what is known.
 */
export async function decideReadOnly(dir: string, asked: boolean | null = null): Promise<boolean> {
  const record = readLaunchRecord(dir);
  const readOnly = asked ?? (hasEnded(dir) || (await endedByBroker(dir)));
  if (readOnly !== record.readOnly) writeLaunchRecord(dir, { ...record, readOnly });
  return readOnly;
}

async function endedByBroker(dir: string): Promise<boolean> {
  return (await lastNote(dir, "daemon"))?.["exit_code"] === exitCodes.member_revoked;
}
