import { createHash, type KeyObject } from "node:crypto";
import { createInTurn } from "../../base/in-turn.ts";
import type { Clock } from "../../base/clock.ts";
import { checkMemberName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { canonicalJson } from "../../protocol/json-canonical.ts";
import type { JsonValue } from "../../protocol/json-value.ts";
import { limits } from "../../protocol/limits.ts";
import type { SealDone, SealMember, SealPlan } from "../../protocol/membership-api.ts";
import { applyEntry, beginChain } from "../../protocol/membership/apply-entry.ts";
import { type EntryMaker, nextEntry, noChain } from "../../protocol/membership/chain.ts";
import {
  keyProofHolds,
  type LogPlace,
  type MembershipEntry,
  type NewMember,
  signKeyProof,
} from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";
import {
  activeMember,
  activeMembers,
  type ChainMember,
  isAdmin,
  type MembershipState,
  roles,
} from "../../protocol/membership/state.ts";
import type { AnnouncedKeys } from "../../protocol/membership-frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { LinkRequest, Membership } from "../parts.ts";
import { askChain } from "./broker-answer.ts";

export interface SealOptions {
  readonly meshId: string;
  readonly identity: {
    readonly memberId: string;
    readonly keyId: string;
    readonly signingKey: KeyObject;
    readonly x25519PublicKey: string;
  };
  readonly membership: Membership;
  readonly request: LinkRequest;
  readonly clock: Clock;
  /** Asks for the keys of topics and queues: the link opened before there was a chain by which they could be had. */
  followKeys(): Promise<void>;
}

/** Gives a mesh from before there were chains its membership (docs/operations.md). */
export interface MeshSeal {
  /** What there is to do, for the user to look at. Throws not_allowed and not_a_member with who can help. */
  plan(): Promise<SealPlan>;
  /**
   * Does what was shown; already_exists where that has changed since. Every step can be repeated: a first entry that the
   * broker took and that was not written here before a crash is this member's own, and is found again.
   */
  seal(digest: string): Promise<SealDone>;
}

/** What was found, beside what is shown of it. */
interface Found {
  readonly plan: SealPlan;
  /** The chain that the broker has and this home does not hold yet. */
  readonly toPin: readonly MembershipEntry[];
  readonly toAdmit: readonly Announced[];
  readonly log: LogPlace;
}

type Announced = SealMember & { readonly keys: { readonly x25519_pubkey: string; readonly proof: string } | null };

/** The last step to be taken in its turn: two at once would both found. */
export function createMeshSeal(options: SealOptions): MeshSeal {
  const { membership, request, clock, identity, meshId } = options;
  const maker: EntryMaker = { by: identity.memberId, keyId: identity.keyId, key: identity.signingKey };
  const inTurn = createInTurn();

  async function look(): Promise<Found> {
    const held = membership.state();
    if (held !== null) return admitting(held, [], { epoch: 0, seq: 0 });
    const { entries, state, log } = await wholeChain(request, meshId);
    if (state === null) return founding(log);
    if (state.members.get(identity.memberId)?.since === 0) return admitting(state, entries, log);
    return pinning(state, entries, log);
  }

  async function founding(log: LogPlace): Promise<Found> {
    const announced = await askAnnounced(request, meshId);
    const self = announced.find(({ member_id }) => member_id === identity.memberId);
    if (self?.role !== "owner") throw ownersWork(announced);
    const owner = plain(self);
    const toAdmit = announced.filter((one) => one !== self && one.keys !== null);
    const left_out = announced.filter((one) => one !== self && one.keys === null).map(plain);
    const plan = { action: "found" as const, owner, members: [owner, ...toAdmit.map(plain)], left_out };
    return { plan: { ...plan, digest: digestOf(plan) }, toPin: [], toAdmit, log };
  }

  /** By who began the chain, or an admin of it: for those who announce their keys later. */
  async function admitting(state: MembershipState, toPin: readonly MembershipEntry[], log: LogPlace): Promise<Found> {
    const self = activeMember(state, identity.memberId);
    const mayAdmit = self !== null && isAdmin(self);
    const announced = mayAdmit ? await askAnnounced(request, meshId) : [];
    const missing = announced.filter(({ member_id }) => !state.members.has(member_id));
    const admissible = missing.filter(({ keys, role, name }) => {
      const isBelow = self !== null && roles.indexOf(role) >= roles.indexOf(self.role);
      return keys !== null && isBelow && !state.names.has(name);
    });
    const members = [...activeMembers(state).map(ofChain), ...admissible.map(plain)];
    const left_out = missing.filter((one) => !admissible.includes(one)).map(plain);
    const action = toPin.length > 0 || admissible.length > 0 ? ("admit" as const) : ("none" as const);
    const plan = { action, owner: founderOf(state), members, left_out };
    return { plan: { ...plan, digest: digestOf(plan) }, toPin, toAdmit: admissible, log };
  }

  function pinning(state: MembershipState, toPin: readonly MembershipEntry[], log: LogPlace): Found {
    const owner = founderOf(state);
    if (activeMember(state, identity.memberId) === null) throw leftOut(owner);
    const plan = { action: "pin" as const, owner, members: activeMembers(state).map(ofChain), left_out: [] };
    // The head too: what is pinned is the chain that was shown, not another one with the same members.
    return { plan: { ...plan, digest: digestOf({ ...plan, head: state.head }) }, toPin, toAdmit: [], log };
  }

  async function carryOut(digest: string): Promise<SealDone> {
    const { plan, toPin, toAdmit, log } = await look();
    if (plan.digest !== digest) throw changed();
    if (plan.action === "found") await found(plan.owner.name, log);
    else if (toPin.length > 0) await membership.pin(toPin);
    for (const one of toAdmit) await admit(one);
    await options.followKeys();
    const state = membership.state();
    if (state === null) throw new TypeError("a mesh was sealed and no chain is held");
    return { action: plan.action, members: activeMembers(state).length, head: state.head };
  }

  async function found(name: string, through: LogPlace): Promise<void> {
    const keys = { ed25519_pubkey: identity.memberId, x25519_pubkey: identity.x25519PublicKey };
    const { proof } = signKeyProof(meshId, identity.memberId, keys, identity.signingKey);
    const member = { member_id: identity.memberId, name, x25519_pubkey: keys.x25519_pubkey, proof };
    const content = { kind: "create" as const, member, unsealed_through: through };
    const entry = nextEntry(noChain(meshId), content, maker, rfc3339(clock.now()));
    await request({ type: "membership_append", entry });
    // Killed here, the next attempt finds at the broker what only this member can have signed.
    await membership.pin([entry]);
  }

  async function admit({ member_id, name, role, keys }: Announced): Promise<void> {
    if (keys === null) return;
    const member: NewMember = { member_id, name, ...keys };
    try {
      await membership.append(() => ({ kind: "admit", member, role }));
    } catch (thrown) {
      // Another admin took the same member in meanwhile.
      if (membership.state()?.members.has(member_id) !== true) throw thrown;
    }
  }

  return {
    plan: async () => (await look()).plan,
    seal: (digest) => inTurn(() => carryOut(digest)),
  };
}

/** All that the broker has, verified; `state` null: the mesh has no chain. */
async function wholeChain(
  request: LinkRequest,
  meshId: string,
): Promise<{ readonly entries: MembershipEntry[]; readonly state: MembershipState | null; readonly log: LogPlace }> {
  const entries: MembershipEntry[] = [];
  let state: MembershipState | null = null;
  for (;;) {
    const answer = await askChain(request, state?.n ?? -1);
    if (answer.head === null && state === null) return { entries, state, log: answer.log };
    if (state !== null && answer.head?.n === state.n && answer.head.hash === state.head)
      return { entries, state, log: answer.log };
    if (answer.entries.length === 0)
      throw new ClaudemeshError("protocol_error", "the broker does not show the membership that it names");
    for (const value of answer.entries) {
      const entry = readEntry(value);
      if (state === null) state = beginChain(entry, meshId);
      else applyEntry(state, entry);
      entries.push(entry);
    }
  }
}

/** Whose keys prove each other; those of others are as if they had not been announced. */
async function askAnnounced(request: LinkRequest, meshId: string): Promise<Announced[]> {
  const result = await request({ type: "keys_announced" });
  const members = isRecord(result) ? result["members"] : null;
  if (!Array.isArray(members) || members.length > limits.membersMax || !members.every(isAnnounced))
    throw new ClaudemeshError("protocol_error", "the broker's answer about the members' keys cannot be read");
  return members.map(({ member_id, name, role, x25519_pubkey, proof }) => {
    const keys = { ed25519_pubkey: member_id, x25519_pubkey: x25519_pubkey ?? "", proof: proof ?? "" };
    const holds = isMemberId(keys.x25519_pubkey) && keyProofHolds(meshId, member_id, keys);
    return { member_id, name, role, keys: holds ? { x25519_pubkey: keys.x25519_pubkey, proof: keys.proof } : null };
  });
}

function isAnnounced(value: unknown): value is AnnouncedKeys {
  if (!isRecord(value)) return false;
  const { member_id, name, role, x25519_pubkey, proof } = value;
  const textOrNull = (field: unknown): boolean => field === null || typeof field === "string";
  return (
    typeof member_id === "string" &&
    isMemberId(member_id) &&
    typeof name === "string" &&
    isName(name) &&
    roles.some((known) => known === role) &&
    textOrNull(x25519_pubkey) &&
    textOrNull(proof)
  );
}

function isName(name: string): boolean {
  try {
    return checkMemberName(name) === name;
  } catch {
    return false;
  }
}

function plain({ member_id, name, role }: SealMember): SealMember {
  return { member_id, name, role };
}

function ofChain({ memberId, name, role }: ChainMember): SealMember {
  return { member_id: memberId, name, role };
}

function founderOf(state: MembershipState): SealMember {
  for (const member of state.members.values()) if (member.since === 0) return ofChain(member);
  throw new TypeError("a chain has no maker");
}

function digestOf(shown: object): string {
  return createHash("sha256")
    .update(`claudemesh:seal-plan:v1\0${canonicalJson(shown as unknown as JsonValue)}`)
    .digest("hex");
}

function changed(): ClaudemeshError {
  return new ClaudemeshError("already_exists", "what there is to do has changed since it was shown", {
    hint: "look again: claudemesh mesh seal",
  });
}

function ownersWork(announced: readonly SealMember[]): ClaudemeshError {
  const owners = announced.filter(({ role }) => role === "owner").map(({ name }) => `@${name}`);
  const who = owners.length === 0 ? "its owner" : owners.join(" or ");
  return new ClaudemeshError("not_allowed", "a mesh is sealed first in the home of its owner", {
    hint: `ask ${who} to run: claudemesh mesh seal`,
  });
}

function leftOut(owner: SealMember): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "the mesh was sealed before this home had announced its keys", {
    hint: `they are announced now; ask @${owner.name} to run claudemesh mesh seal again, then do so here`,
  });
}
