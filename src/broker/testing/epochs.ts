import { type EpochRecord, type EpochWrap, signEpochRecord } from "../../protocol/epoch.ts";
import { currentKeys } from "../../protocol/membership/state.ts";
import { epochRecord, epochWrap } from "../store/epoch.fixture.ts";
import type { ChainWriter } from "./chain.ts";
import type { Identity } from "./peer.ts";

export interface ChainEpochs {
  /** A record as its maker's daemon signs it, under the chain's present head unless said otherwise. */
  signed(maker: Identity, fields: Pick<EpochRecord, "destination" | "name"> & Partial<EpochRecord>): EpochRecord;
  /** Wraps of an epoch for members, by the keys that they have: of no key that anybody could open. */
  wraps(epoch: EpochRecord, ...members: readonly Identity[]): EpochWrap[];
}

export function epochsOf(chain: Pick<ChainWriter, "state">): ChainEpochs {
  return {
    signed(maker, fields) {
      const { meshId, head } = chain.state();
      const made = { created_by: maker.memberId, membership_head: head };
      const { signature: _, ...record } = epochRecord(meshId, { ...made, ...fields });
      return signEpochRecord(record, maker.privateKey);
    },
    wraps: (epoch, ...members) =>
      members.map(({ memberId }) => {
        const member = chain.state().members.get(memberId);
        return epochWrap(epoch.epoch_id, memberId, member === undefined ? memberId : currentKeys(member).x25519);
      }),
  };
}
