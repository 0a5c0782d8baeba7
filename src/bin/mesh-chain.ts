import { silentLog } from "../base/log.ts";
import type { Keypair } from "../daemon/identity/keypair.ts";
import { draftOf, settled } from "../daemon/membership/draft-state.ts";
import { openMembershipFile } from "../daemon/membership/membership-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import { applyEntry, beginChain } from "../protocol/membership/apply-entry.ts";
import {
  entryHash,
  entryText,
  type MembershipEntry,
  type NewMember,
  signKeyProof,
} from "../protocol/membership/entry.ts";
import { readEntry } from "../protocol/membership/read-entry.ts";
import type { MembershipState } from "../protocol/membership/state.ts";
import type { MembershipHead } from "../protocol/membership-frames.ts";

/** A mesh's chain as one broker keeps it, asked by a command that has no link. */
export interface ChainSource {
  readonly meshId: string;
  /** What stands above a place, as the broker says it: nothing of it is verified. `head` null: the mesh has no chain. */
  above(after: number): Promise<{ readonly entries: readonly unknown[]; readonly head: MembershipHead | null }>;
  /** Consecutive entries; those that the broker has are skipped. Throws membership_moved when others came first. */
  handIn(entries: readonly MembershipEntry[]): Promise<void>;
}

/** A chain of which every entry was verified. */
export interface Chain {
  readonly entries: MembershipEntry[];
  state: MembershipState;
}

/** Others append at the same time: so often a command begins again before it gives up. */
const movedTriesMax = 20;

/** The chain that a home has pinned; null: none. */
export function pinnedChain(dir: string, meshId: string): Chain | null {
  const file = openMembershipFile(dir, meshId, silentLog);
  return file === null ? null : { entries: [...file.entries(-1, limits.membershipEntriesMax)], state: file.state };
}

/** Who a home's keys are in a mesh, with the proof that they belong together. */
export function newMemberOf(meshId: string, keys: Keypair, name: string): NewMember {
  const { proof } = signKeyProof(
    meshId,
    keys.memberId,
    { ed25519_pubkey: keys.ed25519PublicKey, x25519_pubkey: keys.x25519PublicKey },
    keys.signingKey,
  );
  return { member_id: keys.memberId, name, x25519_pubkey: keys.x25519PublicKey, proof };
}

/** The whole chain, verified; null: the mesh has none. Throws membership_invalid, membership_newer, protocol_error. */
export async function readChain(source: ChainSource): Promise<Chain | null> {
  const { entries, head } = await source.above(-1);
  const [first, ...rest] = entries.map(readEntry);
  if (head === null && first === undefined) return null;
  if (first === undefined) throw unanswered();
  const chain: Chain = { entries: [first], state: beginChain(first, source.meshId) };
  append(chain, rest);
  await readOn(source, chain);
  return chain;
}

/**
 * Takes what the broker has above a verified chain. What does not follow our head is another membership than ours: that
 * is membership_forked, never taken.
 */
export async function readOn(source: ChainSource, chain: Chain): Promise<void> {
  for (;;) {
    const { n } = chain.state;
    const { entries, head } = await source.above(n);
    if (head === null || head.n < n) throw unanswered();
    if (head.n === n && head.hash !== chain.state.head) throw forked();
    if (head.n === n) return;
    const read = entries.map(readEntry);
    if (read[0] === undefined) throw unanswered();
    if (read[0].n !== n + 1 || read[0].previous !== chain.state.head) throw forked();
    append(chain, read);
  }
}

function append(chain: Chain, entries: readonly MembershipEntry[]): void {
  for (const entry of entries) {
    applyEntry(chain.state, entry);
    chain.entries.push(entry);
  }
}

/**
 * Compares the chain that a home holds with the broker's. What the broker has lost, as one has that was put back from an
 * old copy, is handed in again; another entry at a place that the home holds is membership_forked. Answers how many
 * entries were handed in.
 */
export async function handInLost(source: ChainSource, ours: readonly MembershipEntry[]): Promise<number> {
  const last = ours.at(-1);
  if (last === undefined) return 0;
  for (let tries = 0; ; tries += 1) {
    const { entries, head } = await source.above(last.n);
    if (head !== null && head.n >= last.n) {
      const hash = entryHash(entryText(last));
      const [next] = entries;
      const follows = next === undefined ? head.hash === hash : readEntry(next).previous === hash;
      if (!follows) throw forked();
      return 0;
    }
    const known = head === null ? -1 : head.n;
    const common = ours[known];
    if (head !== null && (common === undefined || entryHash(entryText(common)) !== head.hash)) throw forked();
    const lost = ours.slice(known + 1);
    try {
      for (let at = 0; at < lost.length; at += limits.membershipPageMax)
        await source.handIn(lost.slice(at, at + limits.membershipPageMax));
      return lost.length;
    } catch (thrown) {
      // Somebody else handed the same entries in, or others: what stands there now decides.
      if (!isMoved(thrown) || tries >= movedTriesMax) throw thrown;
    }
  }
}

/**
 * Signs an entry onto the chain, hands it in, and again where somebody else's came first. `make` sees the newest state
 * each time; null: it finds that there is nothing to say any more.
 */
export async function appendTo(
  source: ChainSource,
  chain: Chain,
  make: (state: MembershipState) => MembershipEntry | null,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const entry = make(chain.state);
    if (entry === null) return;
    // A refusal is found here, before anything is handed in; the draft keeps the chain as it was when the broker refuses.
    const draft = draftOf(chain.state);
    applyEntry(draft, entry);
    try {
      await source.handIn([entry]);
      chain.state = settled(draft, chain.state);
      chain.entries.push(entry);
      return;
    } catch (thrown) {
      if (!isMoved(thrown) || tries >= movedTriesMax) throw thrown;
      await readOn(source, chain);
    }
  }
}

export function isMoved(thrown: unknown): boolean {
  return thrown instanceof ClaudemeshError && thrown.code === "membership_moved";
}

export function forked(): ClaudemeshError {
  return new ClaudemeshError(
    "membership_forked",
    "the broker shows another membership than the one that this home holds",
    {
      hint: "trust nothing that it says about members; ask the mesh's owner, by a way that the broker does not carry",
    },
  );
}

function unanswered(): ClaudemeshError {
  return new ClaudemeshError("protocol_error", "the broker's answer about the mesh's membership has a hole");
}
