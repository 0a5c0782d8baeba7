import { randomBytes } from "node:crypto";
import type { EpochRecord, EpochWrap } from "../../protocol/epoch.ts";
import type { HandedIn } from "./key-store.ts";

export const hex = (): string => randomBytes(32).toString("hex");

/** A record that no store looks into further than its place. */
export function epochRecord(
  meshId: string,
  fields: Pick<EpochRecord, "destination" | "name" | "created_by"> & Partial<EpochRecord>,
): EpochRecord {
  return {
    mesh_id: meshId,
    epoch_id: hex(),
    parent: null,
    depth: 0,
    key_id: fields.created_by,
    membership_head: hex(),
    history: "all",
    at: "2026-01-01T00:00:00.000Z",
    signature: randomBytes(64).toString("base64url"),
    ...fields,
  };
}

/** By nobody in particular. */
export function handedIn(now: number, memberId = "f".repeat(64)): HandedIn {
  return { memberId, now };
}

/** One that follows another. */
export function nextEpoch(parent: EpochRecord, fields: Partial<EpochRecord> = {}): EpochRecord {
  return { ...parent, epoch_id: hex(), parent: parent.epoch_id, depth: parent.depth + 1, ...fields };
}

export function epochWrap(epochId: string, memberId: string, sealedTo = memberId): EpochWrap {
  return {
    epoch_id: epochId,
    member_id: memberId,
    sealed_to: sealedTo,
    sealed: randomBytes(80).toString("base64url"),
  };
}
