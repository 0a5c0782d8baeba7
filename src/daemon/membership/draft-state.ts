import type { MembershipState } from "../../protocol/membership/state.ts";

/**
 * A copy that entries can be tried on: what the copy takes becomes the state once it is on disk, so that a failing disk or
 * an entry that is refused leaves the state as it was. The places known before are looked up, not copied: there may be
 * very many, and a head that was known stays known.
 */
export function draftOf(state: MembershipState): MembershipState {
  return {
    ...state,
    places: new Map(),
    members: new Map([...state.members].map(([id, member]) => [id, { ...member, keys: [...member.keys] }])),
    names: new Map(state.names),
    invites: new Map([...state.invites].map(([id, invite]) => [id, { ...invite }])),
    usableUntil: [...state.usableUntil],
    opened: new Map(state.opened),
  };
}

/** The draft as the state that follows `before`. */
export function settled(draft: MembershipState, before: MembershipState): MembershipState {
  for (const [hash, n] of draft.places) before.places.set(hash, n);
  return { ...draft, places: before.places };
}
