import { described, text } from "../../http/shape.ts";
import { parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { MemberView } from "../../protocol/membership-api.ts";
import type { EntryContent, MembershipEntry } from "../../protocol/membership/entry.ts";
import { type ChainMember, memberNamed, type MembershipState } from "../../protocol/membership/state.ts";
import { suggest } from "../../protocol/suggest.ts";
import type { Directory, Membership } from "../parts.ts";
import { brokerErrors } from "./ask-broker.ts";

export const memberParam = described(text(), "`@name`, `name` or the member_id");

/** What making an entry of the membership chain may be refused with, whatever it says. */
export const entryErrors: readonly ErrorCode[] = [
  "mesh_unsealed",
  "membership_forked",
  "membership_rolled_back",
  "membership_invalid",
  "membership_newer",
  "membership_moved",
  "not_a_member",
  ...brokerErrors,
];

/** The chain that everything about members rests on. Throws mesh_unsealed where there is none. */
export function chainOf(membership: Pick<Membership, "state" | "trouble">): MembershipState {
  const state = membership.state();
  if (state !== null) return state;
  const { code, message, hint } = membership.trouble() ?? { code: "mesh_unsealed", message: "", hint: "" };
  throw new ClaudemeshError(code, message, { hint });
}

/** A member as written, also by a name that it had, and also when it has left. Throws invalid_destination, unknown_destination. */
export function writtenMember(state: MembershipState, written: string): ChainMember {
  const address = parseAddress(written.startsWith("@") ? written : `@${written}`);
  const name = address.kind === "member" && address.agent === null ? address.member : "";
  const member = state.members.get(name) ?? memberNamed(state, name);
  if (member !== null) return member;
  const suggestions = suggest(`@${name}`, new Set([...state.members.values()].map((known) => `@${known.name}`)));
  throw new ClaudemeshError("unknown_destination", `@${name || written.slice(0, 80)} is no member of this mesh`, {
    hint: suggestions.length > 0 ? `did you mean ${suggestions.join(" or ")}?` : "claudemesh members",
    details: { to: `@${name}`, suggestions },
  });
}

/** Makes an entry unless what it would say is so already: the same request twice is one change. */
export async function changeChain(
  membership: Membership,
  isSo: (state: MembershipState) => boolean,
  content: (state: MembershipState, log: { readonly epoch: number; readonly seq: number }) => EntryContent,
): Promise<MembershipState> {
  if (!isSo(chainOf(membership))) await membership.append(content);
  return chainOf(membership);
}

export function addressesOf(state: MembershipState, memberIds: readonly string[]): readonly string[] {
  return memberIds.map((memberId) => `@${state.members.get(memberId)?.name ?? memberId}`);
}

/** What the broker last told of members, by member_id. */
export type Presence = ReadonlyMap<string, Directory["members"][number]>;

export function presenceIn(directory: Directory | null): Presence {
  return new Map(directory?.members.map((told) => [told.member_id, told]));
}

export function memberView(
  state: MembershipState,
  member: ChainMember,
  seen: { readonly self: string; readonly presence: Presence; readonly expired?: readonly string[] | undefined },
): MemberView {
  const { memberId, name, role, status, keys, joinedAt, destinations, dmFrom } = member;
  const presence = seen.presence.get(memberId);
  return {
    member_id: memberId,
    name,
    address: `@${name}`,
    role,
    online: presence?.online ?? false,
    last_seen_at: presence?.last_seen_at ?? null,
    self: memberId === seen.self,
    agents: presence?.agents ?? [],
    agents_online: onlineAgents(presence),
    status: status === "active" && seen.expired?.includes(memberId) === true ? "expired" : status,
    kicked_until: presence?.kicked_until ?? null,
    clone_suspected_at: presence?.clone_suspected_at ?? null,
    key_ids: keys.map(({ keyId }) => keyId),
    joined_at: joinedAt,
    destinations,
    dm_from: dmFrom === null ? null : addressesOf(state, dmFrom),
  };
}

/** Those of a member's agents that have a session now, as far as its daemon tells. */
export function onlineAgents(presence: Directory["members"][number] | undefined): readonly string[] {
  return presence?.online === true ? (presence.agents_told?.online ?? []) : [];
}

/** Entries for an answer: what was signed, as it was signed. */
export function shownEntries(entries: readonly MembershipEntry[]): readonly Readonly<Record<string, unknown>>[] {
  return entries.map((entry) => ({ ...entry }));
}
