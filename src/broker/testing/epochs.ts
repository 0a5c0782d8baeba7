import { randomBytes } from "node:crypto";
import { type EpochRecord, type EpochWrap, signEpochRecord } from "../../protocol/epoch.ts";
import { epochRecord, epochWrap } from "../store/epoch.fixture.ts";
import type { Identity } from "./peer.ts";

/** A record as its maker's daemon signs it. */
export function signedEpoch(
  meshId: string,
  maker: Identity,
  fields: Pick<EpochRecord, "destination" | "name"> & Partial<EpochRecord>,
): EpochRecord {
  const { signature: _, ...record } = epochRecord(meshId, { created_by: maker.memberId, ...fields });
  return signEpochRecord(record, maker.privateKey);
}

/** Wraps of an epoch for members: of no key that anybody could open. */
export const wrapsFor = (epoch: EpochRecord, ...members: readonly Identity[]): EpochWrap[] =>
  members.map(({ memberId }) => epochWrap(epoch.epoch_id, memberId, randomBytes(32).toString("hex")));
