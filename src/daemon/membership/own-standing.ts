import { ClaudemeshError } from "../../protocol/error.ts";
import type { Membership } from "../parts.ts";
import type { Self } from "../resolve-address.ts";

/** How this member's membership has ended by the chain; null: it has not, or there is no chain. */
export function ownEnd(membership: Pick<Membership, "state">, memberId: string): "revoked" | "left" | null {
  const status = membership.state()?.members.get(memberId)?.status ?? "active";
  return status === "active" ? null : status;
}

export function endedText(end: "revoked" | "left"): string {
  return end === "left"
    ? "this member has left the mesh"
    : "this member's membership was revoked by an admin of the mesh";
}

/**
 * Nothing is taken that could never be sent. That a membership has ended may be the broker's word alone, which the chain
 * held here does not know: a daemon that runs for reading takes nothing either. Throws not_a_member.
 */
export function requireOwnMembership(
  membership: Pick<Membership, "state">,
  memberId: string,
  isReadOnly = false,
): void {
  const end = ownEnd(membership, memberId);
  if (end === null && !isReadOnly) return;
  const message = end === null ? "this member was revoked or has left, the broker says" : endedText(end);
  throw new ClaudemeshError("not_a_member", message, {
    hint: "what was received stays readable here; to come back, ask for an invite and join from a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK",
  });
}

/** This member as others know it now: its name is the chain's, which may be newer than the one that it joined by. */
export function ownSelf(membership: Pick<Membership, "state">, memberId: string, joinedAs: string): Self {
  return {
    memberId,
    get name() {
      return membership.state()?.members.get(memberId)?.name ?? joinedAs;
    },
  };
}
