import { ClaudemeshError } from "../error.ts";
import { limits } from "../limits.ts";
import {
  entryBytes,
  entryHash,
  entryText,
  keyProofHolds,
  type Entry,
  type EntryPlace,
  type MembershipEntry,
  type NewMember,
  type Role,
  signatureHolds,
} from "./entry.ts";
import { addInvite, closeInvite, closeInvitesOf, requireInvite, requireOpen, useInvite } from "./invites.ts";
import { activeMember, type ChainMember, currentKeys, isAboveRole, isAdmin, type MembershipState } from "./state.ts";

/** The state after a chain's first entry. Throws membership_invalid. */
export function beginChain(entry: MembershipEntry, meshId: string): MembershipState {
  if (entry.kind !== "create" || entry.n !== 0 || entry.previous !== null) throw invalid("it does not begin a chain");
  if (entry.mesh_id !== meshId) throw invalid("it belongs to another mesh");
  if (entry.by !== entry.member.member_id || entry.key_id !== entry.by)
    throw invalid("its maker is not the owner that it names");
  requireSignature(entry);
  requireProof(entry.mesh_id, entry.member);
  const state: MembershipState = {
    meshId,
    n: 0,
    head: "",
    places: new Map(),
    members: new Map(),
    names: new Map(),
    invites: new Map(),
    usableUntil: [],
    opened: new Map(),
    unsealedThrough: entry.unsealed_through,
    narrowedAt: 0,
  };
  addMember(state, entry.member, "owner", entry);
  advance(state, entry);
  return state;
}

/**
 * The next entry of a chain: its place, its signature and whether its maker may say this are checked, then the state is
 * changed. Throws before changing anything: membership_invalid for what can be no entry here whoever asks, and the codes
 * of a refusal that a well-meaning maker meets (not_allowed, already_exists, invite_*, last_owner, not_a_member).
 */
export function applyEntry(state: MembershipState, entry: MembershipEntry): void {
  if (entry.mesh_id !== state.meshId) throw invalid("it belongs to another mesh");
  if (entry.n !== state.n + 1 || entry.previous !== state.head) throw invalid("it does not follow the head");
  if (entry.kind === "create") throw invalid("a chain begins once");
  if (entry.kind === "join") {
    if (entry.key_id !== entry.by) throw invalid("it is not signed by its invite");
    requireSignature(entry);
    join(state, entry);
  } else {
    const maker = activeMember(state, entry.by);
    if (maker === null) throw notAMember();
    if (currentKeys(maker).keyId !== entry.key_id) throw invalid("its key is not in use");
    requireSignature(entry);
    if (!isAdmin(maker) && entry.kind !== "leave" && maker.entries >= limits.memberEntriesMax)
      throw new ClaudemeshError("not_allowed", `this member has added ${maker.entries} entries, and can add no more`, {
        hint: "ask an owner or admin to do it",
      });
    change(state, maker, entry);
    maker.entries += 1;
  }
  advance(state, entry);
}

function change(
  state: MembershipState,
  maker: ChainMember,
  entry: Exclude<MembershipEntry, Entry<"create" | "join">>,
): void {
  switch (entry.kind) {
    case "admit":
      requireAdmin(maker, "take somebody in");
      requireRoleBelow(maker, entry.role);
      requireFree(state, entry.member);
      requireProof(entry.mesh_id, entry.member);
      return addMember(state, entry.member, entry.role, entry);
    case "invite":
      requireAdmin(maker, "make an invite");
      requireRoleBelow(maker, entry.role);
      return addInvite(state, entry);
    case "invite_revoke":
      requireAdmin(maker, "take an invite back");
      return closeInvite(state, requireInvite(state, entry.invite_id));
    case "rename":
      return rename(state, maker, entry);
    case "role":
      return changeRole(state, maker, entry);
    case "dm_from":
      maker.dmFrom = entry.from;
      return;
    case "grants":
      return grant(state, maker, entry);
    case "rotate":
      return rotate(maker, entry);
    case "revoke":
      return revoke(state, maker, entry);
    case "leave":
      requireOtherOwner(state, maker);
      return end(state, maker, "left", entry);
    case "policy":
      requireAdmin(maker, "open a topic or queue for unsealed messages, or close it");
      state.opened.set(entry.destination, entry.unsealed);
  }
}

function advance(state: MembershipState, entry: MembershipEntry): void {
  const hash = entryHash(entryText(entry));
  state.n = entry.n;
  state.head = hash;
  state.places.set(hash, entry.n);
}

function join(state: MembershipState, entry: Entry<"join">): void {
  const invite = requireInvite(state, entry.by);
  requireOpen(invite, Date.parse(entry.at));
  requireFree(state, entry.member);
  requireProof(entry.mesh_id, entry.member);
  useInvite(state, invite);
  addMember(state, entry.member, invite.role, entry);
}

function rename(state: MembershipState, maker: ChainMember, entry: Entry<"rename">): void {
  const member = requireMember(state, entry.member_id);
  if (member !== maker) requirePower(maker, member, "rename");
  requireNameFree(state, entry.name, member.memberId);
  member.name = entry.name;
  state.names.set(entry.name, member.memberId);
}

function changeRole(state: MembershipState, maker: ChainMember, entry: Entry<"role">): void {
  const member = requireMember(state, entry.member_id);
  requirePower(maker, member, "change the role of");
  requireRoleBelow(maker, entry.role);
  if (member.role === "owner" && entry.role !== "owner") requireOtherOwner(state, member);
  member.role = entry.role;
  member.roles.push({ role: entry.role, since: entry.n });
  closeInvitesOf(state, member);
}

function grant(state: MembershipState, maker: ChainMember, entry: Entry<"grants">): void {
  const member = requireMember(state, entry.member_id);
  requirePower(maker, member, "limit");
  const before = member.destinations;
  member.destinations = entry.destinations;
  member.destinationsSince = entry.n;
  const narrows =
    entry.destinations !== null &&
    (before === null || before.some((name) => entry.destinations?.includes(name) === false));
  if (narrows) state.narrowedAt = entry.n;
}

function rotate(maker: ChainMember, entry: Entry<"rotate">): void {
  const { ed25519_pubkey: keyId, x25519_pubkey: x25519 } = entry.keys;
  if (maker.keys.some((known) => known.keyId === keyId || known.x25519 === x25519))
    throw invalid("its keys were in use before");
  if (!keyProofHolds(entry.mesh_id, entry.by, entry.keys)) throw invalid("its keys do not prove each other");
  if (maker.keys.length >= limits.memberKeysMax) throw invalid("the member has changed its keys too often");
  maker.keys.push({ keyId, x25519, since: entry.n });
}

function revoke(state: MembershipState, maker: ChainMember, entry: Entry<"revoke">): void {
  const member = requireMember(state, entry.member_id);
  if (member === maker) throw new ClaudemeshError("not_allowed", "nobody revokes itself", { hint: "claudemesh leave" });
  requirePower(maker, member, "revoke");
  end(state, member, "revoked", entry);
}

function end(
  state: MembershipState,
  member: ChainMember,
  status: "revoked" | "left",
  entry: Entry<"revoke" | "leave">,
): void {
  member.status = status;
  member.until = entry.n;
  member.through = entry.through;
  state.narrowedAt = entry.n;
  closeInvitesOf(state, member);
}

function addMember(state: MembershipState, member: NewMember, role: Role, { n, at }: EntryPlace): void {
  state.members.set(member.member_id, {
    memberId: member.member_id,
    name: member.name,
    role,
    roles: [{ role, since: n }],
    status: "active",
    keys: [{ keyId: member.member_id, x25519: member.x25519_pubkey, since: n }],
    since: n,
    joinedAt: at,
    until: null,
    through: null,
    dmFrom: null,
    destinations: null,
    entries: 0,
    destinationsSince: n,
  });
  state.names.set(member.name, member.member_id);
}

function requireSignature(entry: MembershipEntry): void {
  if (!signatureHolds(entry.key_id, entryBytes(entry), entry.signature)) throw invalid("its signature does not hold");
}

function requireProof(meshId: string, member: NewMember): void {
  const keys = { ed25519_pubkey: member.member_id, x25519_pubkey: member.x25519_pubkey, proof: member.proof };
  if (!keyProofHolds(meshId, member.member_id, keys)) throw invalid("the new member's keys do not prove each other");
}

function requireFree(state: MembershipState, member: NewMember): void {
  const known = state.members.get(member.member_id);
  if (known !== undefined)
    throw known.status === "active"
      ? new ClaudemeshError("already_exists", `@${known.name} is a member already`)
      : notAMember();
  if (state.members.size >= limits.membersMax)
    throw new ClaudemeshError("not_allowed", `the mesh has had ${state.members.size} members, and can have no more`);
  requireNameFree(state, member.name, member.member_id);
}

function requireNameFree(state: MembershipState, name: string, memberId: string): void {
  const holder = state.names.get(name);
  if (holder === undefined || holder === memberId) return;
  throw new ClaudemeshError("already_exists", `the name "${name}" is taken in this mesh, or was once`, {
    hint: "choose another name",
  });
}

function requireMember(state: MembershipState, memberId: string): ChainMember {
  const member = activeMember(state, memberId);
  if (member === null) throw notAMember();
  return member;
}

function requireAdmin(maker: ChainMember, what: string): void {
  if (isAdmin(maker)) return;
  throw new ClaudemeshError("not_allowed", `only owners and admins of the mesh ${what}`, {
    hint: "ask one of them; claudemesh members shows the roles",
  });
}

/** Nobody has power over a role above its own. */
function requirePower(maker: ChainMember, member: ChainMember, what: string): void {
  requireAdmin(maker, `${what} a member`);
  if (isAboveRole(member.role, maker.role))
    throw new ClaudemeshError("not_allowed", `an ${maker.role} of this mesh cannot ${what} an ${member.role}`);
}

/** Nobody gives a role above its own. */
function requireRoleBelow(maker: ChainMember, role: Role): void {
  if (isAboveRole(role, maker.role))
    throw new ClaudemeshError("not_allowed", `an ${maker.role} of this mesh cannot make an ${role}`);
}

function requireOtherOwner(state: MembershipState, owner: ChainMember): void {
  if (owner.role !== "owner") return;
  for (const member of state.members.values())
    if (member !== owner && member.role === "owner" && member.status === "active") return;
  throw new ClaudemeshError("last_owner", `@${owner.name} is the mesh's only owner`, {
    hint: "make another one first: claudemesh member role @NAME owner",
  });
}

function notAMember(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "that is no active member of this mesh", { hint: "claudemesh members" });
}

function invalid(what: string): ClaudemeshError {
  return new ClaudemeshError("membership_invalid", `a membership entry is refused: ${what}`);
}
