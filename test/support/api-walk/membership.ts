import { beginChainOf, type ChainWriter, newMemberOf } from "../../../src/broker/testing/chain.ts";
import { type Identity, newIdentity } from "../../../src/broker/testing/peer.ts";
import type { Target } from "../../../src/http/http-call.fixture.ts";
import { ClaudemeshError } from "../../../src/protocol/error.ts";
import type { EntryContent, MembershipEntry } from "../../../src/protocol/membership/entry.ts";
import { rfc3339 } from "../../../src/protocol/time.ts";
import type { Walk } from "./walk.ts";

/** A mesh whose chain a test writes, and where its entries are handed in. */
export interface WrittenMesh {
  readonly meshId: string;
  readonly owner: Identity;
  readonly chain: ChainWriter;
  /** Entries that the broker takes. */
  handIn(entries: readonly MembershipEntry[]): Promise<void>;
}

export const nowText = (): string => rfc3339(Date.now());

/** The next entry, which the broker takes. */
export async function written(mesh: WrittenMesh, content: EntryContent, maker = mesh.owner): Promise<void> {
  await mesh.handIn([mesh.chain.add(maker, content)]);
}

/** A new invite; the identity is its key pair. */
export async function inviteOf(mesh: WrittenMesh, expiresAt = rfc3339(Date.now() + 600_000)): Promise<Identity> {
  const key = newIdentity();
  await written(mesh, { kind: "invite", invite_id: key.memberId, role: "member", uses: 1, expires_at: expiresAt });
  return key;
}

/** A join by an invite, which the test's copy of the chain does not take. */
export function joinOf({ chain, meshId }: WrittenMesh, invite: Identity, name: string): MembershipEntry {
  return chain.draft(invite, { kind: "join", member: newMemberOf(meshId, newIdentity(), name) }, nowText());
}

/** Hands in what a chain does not take, by a route whose last entry takes somebody in: each code of it. */
export async function walkEntries(walk: Walk, target: Target, id: string, mesh: WrittenMesh): Promise<void> {
  const { chain, owner, meshId } = mesh;
  const key = await inviteOf(mesh);
  const join = (): MembershipEntry => joinOf(mesh, key, "walker");
  const refused = (code: string, ...entries: readonly unknown[]) =>
    walk.ask(target, id, code, { params: { mesh_id: meshId }, body: { entries } });
  const through = { epoch: 1, seq: 0 };
  const plain = newIdentity();
  await written(mesh, {
    kind: "admit",
    member: newMemberOf(meshId, plain, `plain-${id}`.toLowerCase()),
    role: "member",
  });

  await refused("membership_invalid", { ...join(), signature: "A".repeat(86) });
  await refused("membership_newer", { ...join(), kind: "conquer" });
  const stale = join();
  const used = await inviteOf(mesh);
  await refused("membership_moved", stale);
  await refused("mesh_sealed", beginChainOf(meshId, newIdentity(), nowText()).entries[0], join());
  await refused("not_allowed", chain.draft(plain, { kind: "policy", destination: "#ops", unsealed: true }), join());
  await refused("not_a_member", chain.draft(newIdentity(), { kind: "leave", through }), join());
  await refused("last_owner", chain.draft(owner, { kind: "leave", through }), join());
  await refused("already_exists", joinOf(mesh, key, "owner"));
  await refused("invite_unknown", joinOf(mesh, newIdentity(), "walker"));
  await mesh.handIn([chain.join(used, newMemberOf(meshId, newIdentity(), `used-${id}`.toLowerCase()), nowText())]);
  await refused("invite_used", joinOf(mesh, used, "walker"));
  const revoked = await inviteOf(mesh);
  await written(mesh, { kind: "invite_revoke", invite_id: revoked.memberId });
  await refused("invite_revoked", joinOf(mesh, revoked, "walker"));
  await refused("invite_expired", joinOf(mesh, await inviteOf(mesh, nowText()), "walker"));
  await walkTooMany(mesh, (entry) => refused("too_many_invites", entry, join()));
}

async function walkTooMany(mesh: WrittenMesh, refused: (entry: MembershipEntry) => Promise<unknown>): Promise<void> {
  const { chain, owner } = mesh;
  const expires_at = rfc3339(Date.now() + 600_000);
  const content = (): EntryContent => ({
    kind: "invite",
    invite_id: newIdentity().memberId,
    role: "member",
    uses: 1,
    expires_at,
  });
  const entries: MembershipEntry[] = [];
  for (let full = false; !full; ) {
    try {
      entries.push(chain.add(owner, content()));
    } catch (thrown) {
      if (!(thrown instanceof ClaudemeshError) || thrown.code !== "too_many_invites") throw thrown;
      full = true;
    }
  }
  for (let from = 0; from < entries.length; from += 200) await mesh.handIn(entries.slice(from, from + 200));
  await refused(chain.draft(owner, content()));
}
