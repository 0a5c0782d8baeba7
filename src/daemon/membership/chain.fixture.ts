import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { applyEntry, beginChain } from "../../protocol/membership/apply-entry.ts";
import { nextEntry, noChain } from "../../protocol/membership/chain.ts";
import {
  type EntryContent,
  type LogPlace,
  type MembershipEntry,
  type NewMember,
  signKeyProof,
} from "../../protocol/membership/entry.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import type { Membership } from "../parts.ts";
import type { Keypair } from "../identity/keypair.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";

export const chainMesh = "0198f0a0-0000-7000-8000-00000000c4a1";
export const chainTime = "2026-01-01T00:00:00.000Z";

/** Keys of a member of a test. */
export interface ChainPerson {
  readonly name: string;
  readonly memberId: string;
  readonly keyId: string;
  readonly signingKey: KeyObject;
  readonly member: NewMember;
}

export function chainPerson(name: string, meshId = chainMesh): ChainPerson {
  const { publicKey, privateKey: signingKey } = generateKeyPairSync("ed25519");
  const memberId = publicKeyHexOf(publicKey);
  const x25519PublicKey = publicKeyHexOf(generateKeyPairSync("x25519").publicKey);
  return chainSelf({ memberId, keyId: memberId, signingKey, x25519PublicKey }, name, meshId);
}

/** A person by the keys of a home. */
export function chainSelf(
  keypair: Pick<Keypair, "memberId" | "keyId" | "signingKey" | "x25519PublicKey">,
  name: string,
  meshId = chainMesh,
): ChainPerson {
  const { memberId, keyId, signingKey, x25519PublicKey } = keypair;
  const keys = { ed25519_pubkey: memberId, x25519_pubkey: x25519PublicKey };
  const { proof } = signKeyProof(meshId, memberId, keys, signingKey);
  return {
    name,
    memberId,
    keyId,
    signingKey,
    member: { member_id: memberId, name, x25519_pubkey: x25519PublicKey, proof },
  };
}

/** The entry by which a chain begins. */
export function foundChain(
  owner: ChainPerson,
  meshId = chainMesh,
  unsealedThrough: LogPlace | null = null,
): MembershipEntry {
  const content: EntryContent = { kind: "create", member: owner.member, unsealed_through: unsealedThrough };
  return nextEntry(noChain(meshId), content, makerOf(owner), chainTime);
}

export function makerOf(person: ChainPerson) {
  return { by: person.memberId, keyId: person.keyId, key: person.signingKey };
}

/** What a broker keeps of a chain, in this process: it verifies, appends by compare-and-set, and may be made to lie. */
export interface ChainBroker {
  entries: MembershipEntry[];
  log: { epoch: number; head: number };
  /** Requests that it has had, by type. */
  readonly asked: string[];
  /** Runs before a request is answered: others may append meanwhile, or the link may fail. */
  before: ((type: string) => void) | null;
  state(): MembershipState | null;
  /** As a member with its own daemon would. */
  append(by: ChainPerson, content: EntryContent): MembershipEntry;
  request(frame: { type: string } & Record<string, unknown>): Promise<unknown>;
}

export function chainBroker(entries: readonly MembershipEntry[], meshId = chainMesh): ChainBroker {
  // Of the entries as they were; a test may have put others there since.
  let replayed: { readonly last: MembershipEntry; readonly state: MembershipState } | null = null;
  const broker: ChainBroker = {
    entries: [...entries],
    log: { epoch: 1, head: 40 },
    asked: [],
    before: null,
    state() {
      const [first, ...rest] = broker.entries;
      const last = broker.entries.at(-1);
      if (first === undefined || last === undefined) return null;
      if (replayed?.last === last && replayed.state.n === last.n) return replayed.state;
      const state = beginChain(first, meshId);
      for (const entry of rest) applyEntry(state, entry);
      replayed = { last, state };
      return state;
    },
    append(by, content) {
      const state = broker.state();
      const entry = nextEntry(state ?? noChain(meshId), content, makerOf(by), chainTime);
      add(entry);
      return entry;
    },
    async request(frame) {
      broker.asked.push(frame.type);
      broker.before?.(frame.type);
      if (frame.type === "membership") {
        const after = Number(frame["after"]);
        const state = broker.state();
        return {
          entries: broker.entries.slice(after + 1, after + 1 + limits.membershipPageMax),
          head: state === null ? null : { n: state.n, hash: state.head },
          log: broker.log,
        };
      }
      if (frame.type === "membership_append") {
        const state = add(frame["entry"] as MembershipEntry);
        return { n: state.n, hash: state.head };
      }
      throw new Error(`nobody asked this broker for ${frame.type} before`);
    },
  };
  function add(entry: MembershipEntry): MembershipState {
    const state = broker.state();
    if (entry.previous !== (state?.head ?? null))
      throw new ClaudemeshError("membership_moved", "another entry came first");
    if (state !== null) applyEntry(state, entry);
    const now = state ?? beginChain(entry, meshId);
    broker.entries.push(entry);
    replayed = { last: entry, state: now };
    return now;
  }
  return broker;
}

/** A chain in memory that adds to itself: what a daemon's parts see of one, without its file or a broker. */
export function membershipOf(broker: ChainBroker | null, maker?: ChainPerson): Membership {
  const away = (): never => {
    throw new ClaudemeshError("mesh_unsealed", "the mesh has no chain", { hint: "claudemesh mesh seal" });
  };
  return {
    state: () => broker?.state() ?? null,
    entries: (after, limit) => broker?.entries.slice(after + 1, after + 1 + limit) ?? [],
    follow: async () => undefined,
    trouble: () =>
      broker === null
        ? { code: "mesh_unsealed", message: "the mesh has no chain", hint: "claudemesh mesh seal" }
        : null,
    async append(content) {
      const state = broker?.state() ?? away();
      const log = { epoch: broker?.log.epoch ?? 0, seq: broker?.log.head ?? 0 };
      return broker?.append(maker ?? away(), content(state, log)) ?? away();
    },
    pin: async () => undefined,
    onChange: () => () => undefined,
  };
}
