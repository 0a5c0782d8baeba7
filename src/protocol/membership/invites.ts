import { ClaudemeshError } from "../error.ts";
import { limits } from "../limits.ts";
import type { Entry, Role } from "./entry.ts";
import { type ChainInvite, type ChainMember, isAboveRole, isAdmin, type MembershipState } from "./state.ts";

/**
 * The invites of a chain. A mesh may have had very many, one for each of its members, so nothing here looks at all of them but the
 * end of somebody who has made some: how many can still be used is counted by when these expire.
 */
export function addInvite(state: MembershipState, entry: Entry<"invite">): void {
  if (state.invites.has(entry.invite_id)) throw new ClaudemeshError("already_exists", "this invite exists already");
  const open = state.usableUntil.length - placeAfter(state.usableUntil, Date.parse(entry.at));
  if (open >= limits.invitesOpenMax) {
    throw new ClaudemeshError("too_many_invites", `${open} invites of this mesh can still be used`, {
      hint: "take some back: claudemesh invite list, claudemesh invite revoke ID",
    });
  }
  const expiresAt = Date.parse(entry.expires_at);
  state.usableUntil.splice(placeAfter(state.usableUntil, expiresAt), 0, expiresAt);
  state.invites.set(entry.invite_id, {
    inviteId: entry.invite_id,
    role: entry.role,
    uses: entry.uses,
    used: 0,
    createdBy: entry.by,
    createdAt: entry.at,
    expiresAt: entry.expires_at,
    revoked: false,
  });
}

/** The code of why an invite admits nobody at a time; null while it does. */
export function closedInviteCode(
  invite: ChainInvite,
  now: number,
): "invite_revoked" | "invite_expired" | "invite_used" | null {
  if (invite.revoked) return "invite_revoked";
  if (Date.parse(invite.expiresAt) <= now) return "invite_expired";
  return invite.used >= invite.uses ? "invite_used" : null;
}

/** Throws invite_revoked, invite_expired or invite_used for one that admits nobody at a time. */
export function requireOpen(invite: ChainInvite, now: number): void {
  const code = closedInviteCode(invite, now);
  if (code === null) return;
  const why = {
    invite_revoked: "the invite was taken back",
    invite_expired: `the invite was good until ${invite.expiresAt}`,
    invite_used: "the invite has admitted as many as it may",
  }[code];
  throw new ClaudemeshError(code, why, { hint: "ask for a new one: claudemesh invite" });
}

/** It has admitted somebody. */
export function useInvite(state: MembershipState, invite: ChainInvite): void {
  invite.used += 1;
  if (invite.used >= invite.uses) countNoMore(state, invite);
}

/** It is taken back; again does nothing. */
export function closeInvite(state: MembershipState, invite: ChainInvite): void {
  if (!invite.revoked && invite.used < invite.uses) countNoMore(state, invite);
  invite.revoked = true;
}

/** Whoever lost the power to admit, or to admit as this role, has no link left that does. */
export function closeInvitesOf(state: MembershipState, member: ChainMember): void {
  // Whoever made no entry made no invite: of the many that come and go, most.
  if (member.entries === 0) return;
  const may = (role: Role) => member.status === "active" && isAdmin(member) && !isAboveRole(role, member.role);
  for (const invite of state.invites.values())
    if (invite.createdBy === member.memberId && !may(invite.role)) closeInvite(state, invite);
}

export function requireInvite(state: MembershipState, inviteId: string): ChainInvite {
  const invite = state.invites.get(inviteId);
  if (invite !== undefined) return invite;
  throw new ClaudemeshError("invite_unknown", "this mesh knows no such invite", {
    hint: "ask for a new one: claudemesh invite",
  });
}

function countNoMore({ usableUntil }: MembershipState, { expiresAt }: ChainInvite): void {
  usableUntil.splice(placeAfter(usableUntil, Date.parse(expiresAt)) - 1, 1);
}

/** How many of ascending numbers are not above one. */
function placeAfter(ascending: readonly number[], bound: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? Number.POSITIVE_INFINITY) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
