import { isRecord } from "../../protocol/feature-schemas.ts";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import {
  activeMember,
  activeMembers,
  type ChainMember,
  type MembershipState,
  mayUse,
} from "../../protocol/membership/state.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { LinkRequest } from "../parts.ts";
import { type EpochMaker, makeEpoch } from "./make-epoch.ts";
import type { KeyedDestination } from "./readiness.ts";

/**
 * Makes an epoch and hands it in with a wrap for each member that may use the destination, this one first. What of the wraps does not
 * get there is asked for by the members that lack it. The key itself is not kept here: it comes back in this member's own wrap, by the
 * one way on which keys are proven.
 */
export async function foundEpoch(
  request: LinkRequest,
  state: MembershipState,
  maker: EpochMaker,
  epoch: KeyedDestination & {
    readonly parent: EpochRecord | null;
    readonly history: "all" | "joined";
    readonly now: number;
  },
): Promise<EpochRecord> {
  const recipients = await membersOf(request, state, maker.memberId, epoch);
  const { record, wraps } = makeEpoch({ ...epoch, at: rfc3339(epoch.now) }, state, maker, recipients);
  await request({ type: "epoch_create", record, wraps: wraps.slice(0, limits.wrapsMax) });
  for (let from = limits.wrapsMax; from < wraps.length; from += limits.wrapsMax)
    await request({ type: "epoch_wraps", wraps: wraps.slice(from, from + limits.wrapsMax) });
  return record;
}

/** Whom the broker names of a topic is its word; who of them may know the key, and by which key it is sealed, the membership says. */
async function membersOf(
  request: LinkRequest,
  state: MembershipState,
  selfId: string,
  { destination, name, address }: KeyedDestination,
): Promise<readonly ChainMember[]> {
  const self = activeMember(state, selfId);
  if (self === null) throw new ClaudemeshError("not_a_member", "this member has left the mesh, or was revoked");
  const named = destination.startsWith("queue:")
    ? activeMembers(state)
    : subscribers(await request({ type: "topic_members", topic: name }), state);
  const others = named.filter((member) => member !== self && mayUse(member, address));
  return [self, ...others];
}

function subscribers(answer: unknown, state: MembershipState): readonly ChainMember[] {
  const members = isRecord(answer) ? answer["members"] : undefined;
  if (!Array.isArray(members))
    throw new ClaudemeshError("protocol_error", "the broker's list of a topic's members cannot be read");
  const found = new Set<ChainMember>();
  for (const item of members) {
    const id = isRecord(item) ? item["member_id"] : undefined;
    const member = typeof id === "string" && isMemberId(id) ? activeMember(state, id) : null;
    if (member !== null) found.add(member);
  }
  return [...found];
}
