import type { EpochRecord } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { activeMember, type ChainMember, isAdmin, type MembershipState } from "../../protocol/membership/state.ts";

/** Throws unless a member makes new keys on demand. Which topics and queues it may use, the broker and the membership say besides. */
export function requireRotator(state: MembershipState | null, memberId: string): ChainMember {
  if (state === null)
    throw new ClaudemeshError("mesh_unsealed", "this home holds no membership of its mesh", {
      hint: "claudemesh mesh seal",
    });
  const self = activeMember(state, memberId);
  if (self === null) throw new ClaudemeshError("not_a_member", "this member has left the mesh, or was revoked");
  if (self.role === "guest")
    throw new ClaudemeshError("not_allowed", "guests of the mesh make no new keys on demand", {
      hint: "ask somebody else; claudemesh members shows the roles",
    });
  return self;
}

/** Throws for a change of the history by a member that may not; receivers refuse such a key too. */
export function requireHistory(
  self: ChainMember,
  present: EpochRecord | null,
  history: "all" | "joined" | undefined,
): void {
  if (history === undefined || present === null || history === present.history || isAdmin(self)) return;
  throw new ClaudemeshError("not_allowed", "only an owner or admin changes whether who comes later gets earlier keys", {
    hint: "ask one of them; claudemesh members shows the roles",
  });
}
