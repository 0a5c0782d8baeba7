import type { EntryContent, MembershipEntry } from "../../protocol/membership/entry.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { beginChainOf, type ChainWriter, newMemberOf } from "./chain.ts";
import type { Fixture } from "./fixture.ts";
import { type Identity, newIdentity, type Peer } from "./peer.ts";

/** A fixture's mesh with a chain that its owner has begun over the admin socket. */
export interface SealedMesh {
  readonly meshId: string;
  readonly chain: ChainWriter;
  readonly owner: Identity;
  readonly ownerLink: Peer;
  /** The time of every entry. */
  readonly at: string;
  /** By the owner's link. */
  append(entry: MembershipEntry): Promise<{ readonly n: number; readonly hash: string }>;
  /** The next entry, which `maker` signs, by the owner's link. */
  add(maker: Identity, content: EntryContent): Promise<{ readonly n: number; readonly hash: string }>;
  admit(name: string, role?: "admin" | "member" | "guest"): Promise<Identity>;
  /** A new invite; the identity is its key pair. */
  invite(change?: {
    readonly uses?: number;
    readonly role?: "admin" | "member" | "guest";
    readonly expiresInMs?: number;
  }): Promise<Identity>;
}

export async function sealMesh(fixture: Fixture): Promise<SealedMesh> {
  const { meshId } = fixture;
  const owner = newIdentity();
  const at = rfc3339(fixture.clock.now());
  const chain = beginChainOf(meshId, owner, at);
  const begun = await fixture.admin("POST", `/v1/meshes/${meshId}/membership`, { entries: chain.entries });
  if (begun.status !== 200) throw new Error(JSON.stringify(begun.json));
  const ownerLink = await fixture.connect(owner);
  const append: SealedMesh["append"] = (entry) =>
    ownerLink.request<"membership_append">({ type: "membership_append", entry });
  const add: SealedMesh["add"] = (maker, content) => append(chain.add(maker, content));
  return {
    meshId,
    chain,
    owner,
    ownerLink,
    at,
    append,
    add,
    async admit(name, role = "member") {
      const identity = newIdentity();
      await add(owner, { kind: "admit", member: newMemberOf(meshId, identity, name), role });
      return identity;
    },
    async invite({ uses = 1, role = "member", expiresInMs = 60_000 } = {}) {
      const key = newIdentity();
      const expires_at = rfc3339(fixture.clock.now() + expiresInMs);
      await add(owner, { kind: "invite", invite_id: key.memberId, role, uses, expires_at });
      return key;
    },
  };
}
