import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { applyEntry, beginChain } from "../../protocol/membership/apply-entry.ts";
import { type EntryMaker, nextEntry, noChain } from "../../protocol/membership/chain.ts";
import {
  type EntryContent,
  entryHash,
  entryText,
  type MembershipEntry,
  type NewMember,
  signKeyProof,
} from "../../protocol/membership/entry.ts";
import { currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import { effectsOf } from "../membership/effects.ts";
import type { MembershipStore } from "../store/membership-store.ts";
import { type Identity, newIdentity } from "./peer.ts";

/** A mesh's chain as a member's daemon holds and goes on with it, for tests. */
export interface ChainWriter {
  readonly entries: readonly MembershipEntry[];
  state(): MembershipState;
  /** The next entry, which becomes part of this copy. */
  add(maker: Identity, content: EntryContent): MembershipEntry;
  /** The next entry, which this copy does not take: for one that the broker refuses. */
  draft(maker: Identity, content: EntryContent, at?: string): MembershipEntry;
  /** Signs the next join by an invite's key. */
  join(invite: Identity, member: NewMember, at?: string): MembershipEntry;
}

/** An owner's chain from its first entry; `at` is every entry's time. */
export function beginChainOf(meshId: string, owner: Identity, at: string, name = "owner"): ChainWriter {
  const entries: MembershipEntry[] = [];
  const content = { kind: "create", member: newMemberOf(meshId, owner, name), unsealed_through: null } as const;
  const first = nextEntry(noChain(meshId), content, makerOf(owner, owner.memberId), at);
  const state = beginChain(first, meshId);
  entries.push(first);

  const take = (entry: MembershipEntry): MembershipEntry => {
    applyEntry(state, entry);
    entries.push(entry);
    return entry;
  };
  const draft = (maker: Identity, content: EntryContent, when = at): MembershipEntry => {
    const known = state.members.get(maker.memberId);
    return nextEntry(
      state,
      content,
      makerOf(maker, known === undefined ? maker.memberId : currentKeys(known).keyId),
      when,
    );
  };
  return {
    entries,
    state: () => state,
    draft,
    add: (maker, content) => take(draft(maker, content)),
    join: (invite, member, when = at) => take(draft(invite, { kind: "join", member }, when)),
  };
}

/** What an entry says of a member to be taken in. */
export function newMemberOf(meshId: string, identity: Identity, name: string): NewMember {
  const x25519_pubkey = newX25519();
  const keys = { ed25519_pubkey: identity.memberId, x25519_pubkey };
  const { proof } = signKeyProof(meshId, identity.memberId, keys, identity.privateKey);
  return { member_id: identity.memberId, name, x25519_pubkey, proof };
}

/** A rotation to new keys, and the member as it signs from then on. */
export function rotationOf(meshId: string, member: Identity): { content: EntryContent; rotated: Identity } {
  const { privateKey, memberId: keyId } = newIdentity();
  const keys = { ed25519_pubkey: keyId, x25519_pubkey: newX25519() };
  return {
    content: { kind: "rotate", keys: signKeyProof(meshId, member.memberId, keys, privateKey) },
    rotated: { memberId: member.memberId, privateKey },
  };
}

/** Puts an entry into a store behind the brokers' backs, as another broker would; `state` is the chain's right after it. */
export async function storeEntry(
  store: MembershipStore,
  entry: MembershipEntry,
  state: MembershipState,
): Promise<void> {
  const text = entryText(entry);
  const { n, previous } = entry;
  const stored = { n, hash: entryHash(text), previous, text, effects: effectsOf(entry, state) };
  if (!(await store.appendMembership(state.meshId, stored, 1))) throw new Error("the store has another head");
}

function makerOf({ memberId, privateKey }: { memberId: string; privateKey: KeyObject }, keyId: string): EntryMaker {
  return { by: memberId, keyId, key: privateKey };
}

function newX25519(): string {
  return generateKeyPairSync("x25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
}
