import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Keypair, readKeypair } from "../daemon/identity/keypair.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { type EntryMaker, nextEntry } from "../protocol/membership/chain.ts";
import { activeMember, isAdmin, type MembershipState } from "../protocol/membership/state.ts";
import { rfc3339 } from "../protocol/time.ts";
import { defaultMemberName } from "./member-name.ts";
import { appendTo, type Chain, type ChainSource, forked, newMemberOf, pinnedChain } from "./mesh-chain.ts";

const nameTriesMax = 100;

/** Who founded a mesh, as far as this user can read it. */
export interface Founder {
  /** null: none is noted. */
  readonly folder: string | null;
  /** null: there is no folder of this user's there. */
  readonly keys: Keypair | null;
  readonly pinned: Chain | null;
}

/** Throws what readKeypair does for keys that are damaged, and store_corrupt for a damaged chain. */
export function findFounder(folder: string | null, meshId: string): Founder {
  if (folder === null || !existsSync(join(folder, "keypair.json"))) return { folder, keys: null, pinned: null };
  return { folder, keys: readKeypair(folder), pinned: pinnedChain(folder, meshId) };
}

/**
 * Extends the chain by these keys' entry, signed with the founder's keys. What the broker shows is held against the chain
 * that the founder has pinned, so that a new home pins no other one.
 */
export async function admitByFounder(request: {
  readonly source: ChainSource;
  readonly chain: Chain;
  readonly keys: Keypair;
  readonly founder: Founder;
  /** null: the default one, with a number behind it when it is taken. */
  readonly name: string | null;
  readonly role: "owner" | "member";
}): Promise<void> {
  const { source, chain, keys } = request;
  const { pinned, ...maker } = requireOwner(request.founder, chain.state);
  if (chain.state.places.get(pinned.state.head) !== pinned.state.n) throw forked();
  await appendTo(source, chain, (state) => {
    if (state.members.has(keys.memberId)) return null;
    const member = newMemberOf(source.meshId, keys, freeName(state, request.name, "claudemesh up --name NAME"));
    return nextEntry(state, { kind: "admit", member, role: request.role }, maker, rfc3339(Date.now()));
  });
}

/** Throws not_allowed when the keys of an owner or admin are not at hand. */
function requireOwner(
  { folder, keys, pinned }: Founder,
  state: MembershipState,
): EntryMaker & { readonly pinned: Chain } {
  if (folder === null) throw cannotSign("which folder founded it is not known here");
  if (keys === null) throw cannotSign(`the folder that founded it, ${folder}, is gone or belongs to another user`);
  if (pinned === null) throw cannotSign(`${folder}, which founded it, has lost its membership.jsonl`);
  const member = activeMember(state, keys.memberId);
  if (member === null || !isAdmin(member)) throw cannotSign(`the member in ${folder} is not its owner any more`);
  return { by: keys.memberId, keyId: keys.keyId, key: keys.signingKey, pinned };
}

function cannotSign(why: string): ClaudemeshError {
  return new ClaudemeshError(
    "not_allowed",
    `the mesh has an owner already, and this home cannot be taken in with the owner's keys: ${why}`,
    { hint: "ask for an invite: claudemesh invite, there; then here: claudemesh join LINK" },
  );
}

/** A chosen name is taken or refused; the default one gets a number when another member has it, or once had it. */
export function freeName(state: MembershipState, chosen: string | null, command: string): string {
  const base = chosen?.toLowerCase() ?? defaultMemberName();
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!state.names.has(name)) return name;
    if (chosen === null && n < nameTriesMax) continue;
    throw new ClaudemeshError("already_exists", `another member of the mesh is called @${name}`, {
      hint: `choose another: ${command}`,
    });
  }
}
