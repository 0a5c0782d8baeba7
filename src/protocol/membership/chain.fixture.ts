import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import type { ErrorCode } from "../error-codes.ts";
import { newUuidV7 } from "../ids.ts";
import { refusal } from "../refusal.fixture.ts";
import { privateKeyFromSeed, publicKeyHexOf } from "../signing.ts";
import { rfc3339 } from "../time.ts";
import { applyEntry, beginChain } from "./apply-entry.ts";
import { type EntryMaker, nextEntry, noChain } from "./chain.ts";
import {
  type EntryContent,
  entryText,
  type LogPlace,
  type MembershipEntry,
  type MemberKeys,
  type NewMember,
  type Role,
  signKeyProof,
} from "./entry.ts";
import { readEntry } from "./read-entry.ts";
import type { MembershipState } from "./state.ts";

export const nowMs = Date.parse("2026-05-01T12:00:00.000Z");
export const somewhere: LogPlace = { epoch: 1, seq: 7 };

/** Somebody with keys: a member, or who wants to be one. */
export interface Person extends EntryMaker {
  readonly name: string;
  readonly x25519: string;
}

export function person(name: string): Person {
  const { key, keyId } = signingKeys();
  return { name, by: keyId, keyId, key, x25519: x25519Hex() };
}

export function signingKeys(): { readonly key: KeyObject; readonly keyId: string } {
  const key = privateKeyFromSeed(randomBytes(32));
  return { key, keyId: publicKeyHexOf(key) };
}

export function x25519Hex(): string {
  return publicKeyHexOf(generateKeyPairSync("x25519").publicKey);
}

export function newMember(meshId: string, { by, key, name, x25519 }: Person): NewMember {
  const { proof } = signKeyProof(meshId, by, { ed25519_pubkey: by, x25519_pubkey: x25519 }, key);
  return { member_id: by, name, x25519_pubkey: x25519, proof };
}

/** The person after its next rotation, and the keys that it says there. */
export function rotated(meshId: string, before: Person): { readonly after: Person; readonly keys: MemberKeys } {
  const { key, keyId } = signingKeys();
  const after = { ...before, key, keyId, x25519: x25519Hex() };
  return { after, keys: signKeyProof(meshId, before.by, { ed25519_pubkey: keyId, x25519_pubkey: after.x25519 }, key) };
}

/** A chain that grows; every entry goes through its JSON text, as between two programs. */
export interface TestChain {
  readonly meshId: string;
  readonly owner: Person;
  readonly state: MembershipState;
  readonly entries: readonly MembershipEntry[];
  /** The entry that would come next, not applied. */
  next(content: EntryContent, maker: EntryMaker, at?: number): MembershipEntry;
  add(content: EntryContent, maker: EntryMaker, at?: number): MembershipEntry;
  /** The code with which an entry is refused; fails when it is not, or when anything of the state changed. */
  refused(entry: MembershipEntry): ErrorCode;
  refusedNext(content: EntryContent, maker: EntryMaker, at?: number): ErrorCode;
  /** Somebody new in a role, taken in by the owner. */
  admit(name: string, role: Role): Person;
  /** An invite by `maker`; what it returns signs joins. */
  invite(maker: EntryMaker, role: Role, uses: number, expiresAt?: number): EntryMaker;
  /** Somebody new by an invite. */
  join(invite: EntryMaker, name: string): Person;
}

export function testChain(unsealedThrough: LogPlace | null = null): TestChain {
  const meshId = newUuidV7(nowMs);
  const owner = person("olga");
  const first = nextEntry(
    noChain(meshId),
    { kind: "create", member: newMember(meshId, owner), unsealed_through: unsealedThrough },
    owner,
    rfc3339(nowMs),
  );
  const entries = [overTheWire(first)];
  const state = beginChain(overTheWire(first), meshId);
  const next: TestChain["next"] = (content, maker, at = nowMs) => nextEntry(state, content, maker, rfc3339(at));
  const add: TestChain["add"] = (content, maker, at) => {
    const entry = overTheWire(next(content, maker, at));
    applyEntry(state, entry);
    entries.push(entry);
    return entry;
  };
  const refused: TestChain["refused"] = (entry) => {
    const before = structuredClone(state);
    const code = refusal(() => applyEntry(state, overTheWire(entry)));
    assert.deepEqual(state, before, `a refused ${entry.kind} changed the state`);
    return code;
  };
  return {
    meshId,
    owner,
    state,
    entries,
    next,
    add,
    refused,
    refusedNext: (content, maker, at) => refused(next(content, maker, at)),
    admit: (name, role) => {
      const somebody = person(name);
      add({ kind: "admit", member: newMember(meshId, somebody), role }, owner);
      return somebody;
    },
    invite: (maker, role, uses, expiresAt = nowMs + 1_000) => {
      const { key, keyId } = signingKeys();
      add({ kind: "invite", invite_id: keyId, role, uses, expires_at: rfc3339(expiresAt) }, maker);
      return { by: keyId, keyId, key };
    },
    join: (invite, name) => {
      const somebody = person(name);
      add({ kind: "join", member: newMember(meshId, somebody) }, invite);
      return somebody;
    },
  };
}

/** Entry → text → entry, as every program that did not make it gets it. */
export function overTheWire(entry: MembershipEntry): MembershipEntry {
  return readEntry(JSON.parse(entryText(entry)));
}

/** A chain with every kind of entry in it. */
export function fullChain(): TestChain & { readonly people: readonly Person[] } {
  const chain = testChain(somewhere);
  const { owner, meshId } = chain;
  const anna = chain.admit("anna", "admin");
  const mia = chain.admit("mia", "member");
  const gil = chain.join(chain.invite(anna, "guest", 2), "gil");
  const unused = chain.invite(owner, "member", 1);
  chain.add({ kind: "invite_revoke", invite_id: unused.by }, anna);
  chain.add({ kind: "rename", member_id: mia.by, name: "mila" }, mia);
  chain.add({ kind: "role", member_id: gil.by, role: "member" }, anna);
  chain.add({ kind: "dm_from", from: [owner.by] }, gil);
  chain.add({ kind: "grants", member_id: gil.by, destinations: ["#all", "#build", "queue:jobs"] }, owner);
  chain.add({ kind: "policy", destination: "#build", unsealed: true }, anna);
  const { after, keys } = rotated(meshId, mia);
  chain.add({ kind: "rotate", keys }, mia);
  chain.add({ kind: "dm_from", from: null }, after);
  chain.add({ kind: "policy", destination: "#build", unsealed: false }, owner);
  chain.add({ kind: "revoke", member_id: gil.by, through: somewhere }, anna);
  chain.add({ kind: "leave", through: somewhere }, after);
  return { ...chain, people: [owner, anna, mia, after, gil] };
}
