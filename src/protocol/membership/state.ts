import type { LogPlace, Role } from "./entry.ts";

/** What a chain says, up to its head. Changed by {@link applyEntry} alone. */
export interface MembershipState {
  readonly meshId: string;
  /** Place of the newest entry. */
  n: number;
  /** Its hash. */
  head: string;
  /** Place of every entry by its hash. */
  readonly places: Map<string, number>;
  /** By member_id, those who are gone included. */
  readonly members: Map<string, ChainMember>;
  /** Every name that was ever given, in small letters, with whose it is. */
  readonly names: Map<string, string>;
  /** By invite_id, those that are over included. */
  readonly invites: Map<string, ChainInvite>;
  /** When each invite that is neither taken back nor used up expires, in milliseconds, ascending. */
  readonly usableUntil: number[];
  /** Topics and queues (`#name`, `queue:name`) that were ever opened for unsealed messages of API keys; true: now. */
  readonly opened: Map<string, boolean>;
  readonly unsealedThrough: LogPlace | null;
  /** Place of the newest entry that ended a member or narrowed what one may use: what was sealed to an older epoch may be known to it. */
  narrowedAt: number;
}

export interface ChainMember {
  readonly memberId: string;
  name: string;
  role: Role;
  /** Newest last: the present one. */
  readonly roles: { readonly role: Role; readonly since: number }[];
  status: "active" | "revoked" | "left";
  /** Newest last. */
  readonly keys: ChainKeys[];
  /** Entry by which it came. */
  readonly since: number;
  /** When that entry was made, by its maker's clock. */
  readonly joinedAt: string;
  /** Entry by which it went; null: it is active. */
  until: number | null;
  /** Once it is gone: nothing of its above this place of the log is its own any more. */
  through: LogPlace | null;
  /** member_ids whose direct messages it takes; null: everybody's. */
  dmFrom: readonly string[] | null;
  /** `#name` and `queue:name` that it may use; null: all. */
  destinations: readonly string[] | null;
  /** Entries that it made. */
  entries: number;
  /** Entry that said so last: what it may have used before is not told. */
  destinationsSince: number;
}

export interface ChainKeys {
  /** The ed25519 public key: what envelopes and entries call `key_id`. */
  readonly keyId: string;
  readonly x25519: string;
  /** Entry that brought them. */
  readonly since: number;
}

export interface ChainInvite {
  readonly inviteId: string;
  readonly role: Role;
  readonly uses: number;
  used: number;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  revoked: boolean;
}

/** From the most to the least that a member may do. */
export const roles: readonly Role[] = ["owner", "admin", "member", "guest"];

export function activeMember(state: MembershipState, memberId: string): ChainMember | null {
  const member = state.members.get(memberId);
  return member?.status === "active" ? member : null;
}

export function isAdmin(member: ChainMember): boolean {
  return member.role === "owner" || member.role === "admin";
}

export function isAboveRole(one: Role, other: Role): boolean {
  return roles.indexOf(one) < roles.indexOf(other);
}

export function activeMembers(state: MembershipState): ChainMember[] {
  return [...state.members.values()].filter(({ status }) => status === "active");
}

/** By its present name or one that it had. */
export function memberNamed(state: MembershipState, name: string): ChainMember | null {
  const memberId = state.names.get(name.toLowerCase());
  return memberId === undefined ? null : (state.members.get(memberId) ?? null);
}

export function currentKeys(member: ChainMember): ChainKeys {
  const keys = member.keys.at(-1);
  if (keys === undefined) throw new TypeError("a member of the chain has no keys");
  return keys;
}

/** Whether a key was the member's in use right after entry `n`, and the member active. */
export function keyInUse(member: ChainMember, keyId: string, n: number): boolean {
  if (n < member.since || (member.until !== null && n >= member.until)) return false;
  const index = member.keys.findIndex((keys) => keys.keyId === keyId);
  const [keys, next] = [member.keys[index], member.keys[index + 1]];
  return keys !== undefined && keys.since <= n && (next === undefined || n < next.since);
}

/** Whether a member was an owner or admin right after entry `n`. */
export function wasAdmin(member: ChainMember, n: number): boolean {
  const role = member.roles.findLast(({ since }) => since <= n)?.role;
  return role === "owner" || role === "admin";
}

/** Whether a member may send to and read a topic or queue: `destination` is `#name` or `queue:name`. `#all` is everybody's. */
export function mayUse(member: ChainMember, destination: string): boolean {
  return member.destinations === null || destination === broadcast || member.destinations.includes(destination);
}

/** Whether a member takes direct messages of another. Its own always. */
export function takesDmFrom(member: ChainMember, sender: string): boolean {
  return member.dmFrom === null || member.memberId === sender || member.dmFrom.includes(sender);
}

/** Whether `place` lies above `bound` in the log: a later epoch is above all of an earlier one. */
export function isAbove(place: LogPlace, bound: LogPlace): boolean {
  return place.epoch > bound.epoch || (place.epoch === bound.epoch && place.seq > bound.seq);
}

const broadcast = "#all";
