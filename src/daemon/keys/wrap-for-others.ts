import { isRecord } from "../../protocol/feature-schemas.ts";
import type { EpochWrap } from "../../protocol/epoch.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { activeMember, type ChainMember, type MembershipState, mayUse } from "../../protocol/membership/state.ts";
import type { LinkRequest } from "../parts.ts";
import { addressOf, type EpochSet } from "./epoch-set.ts";
import { wrapFor } from "./make-epoch.ts";
import type { KnownEpoch } from "./topic-keys-file.ts";

/** Rounds of asking and wrapping in one go. */
const roundsMax = 64;

/**
 * Asks who lacks a key that this member has, and seals it to those that the membership lets use the destination, at their present key.
 * Whom the broker names is its word alone: it decides nothing. Returns how many wraps were handed in.
 */
export async function wrapForOthers(request: LinkRequest, epochs: EpochSet, state: MembershipState): Promise<number> {
  const refused = new Set<string>();
  let handedIn = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const { wanted, more } = readWanted(await request({ type: "keys_wanted" }));
    const wraps: EpochWrap[] = [];
    for (const { epochId, memberId } of wanted) {
      const epoch = epochs.get(epochId);
      const member = activeMember(state, memberId);
      if (refused.has(`${epochId}/${memberId}`)) continue;
      const wrap = epoch === null || member === null ? null : wrapOf(epoch, member, epochs);
      // Asked for again in the next round, it would be all that is asked for.
      if (wrap === null) refused.add(`${epochId}/${memberId}`);
      else wraps.push(wrap);
    }
    for (let from = 0; from < wraps.length; from += limits.wrapsMax)
      await request({ type: "epoch_wraps", wraps: wraps.slice(from, from + limits.wrapsMax) });
    handedIn += wraps.length;
    if (wraps.length === 0 || !more) break;
  }
  return handedIn;
}

function wrapOf(epoch: KnownEpoch, member: ChainMember, epochs: EpochSet): EpochWrap | null {
  if (epoch.key === null || !mayUse(member, addressOf(epoch.record))) return null;
  if (!epochs.isForLateComer(epoch, member.memberId)) return null;
  return wrapFor(epoch.record, epoch.key, member);
}

function readWanted(answer: unknown): {
  readonly wanted: readonly { readonly epochId: string; readonly memberId: string }[];
  readonly more: boolean;
} {
  const { wanted, more } = isRecord(answer) ? answer : {};
  if (!Array.isArray(wanted)) return { wanted: [], more: false };
  return {
    wanted: wanted.flatMap((item) => {
      const { epoch_id: epochId, member_id: memberId } = isRecord(item) ? item : {};
      const named = typeof epochId === "string" && typeof memberId === "string";
      return named && isMemberId(epochId) && isMemberId(memberId) ? [{ epochId, memberId }] : [];
    }),
    more: more === true,
  };
}
