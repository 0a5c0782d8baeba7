import type { ConcurrencyPolicy } from "./concurrency.ts";

/** What the daemon's local API tells of the membership chain. */

export interface MemberView {
  readonly member_id: string;
  readonly name: string;
  readonly address: string;
  readonly role: "owner" | "admin" | "member" | "guest";
  readonly online: boolean;
  readonly last_seen_at: string | null;
  readonly self: boolean;
  /** Its agents, as its daemon told last. */
  readonly agents: readonly string[];
  /** Those of them that have a session now. */
  readonly agents_online: readonly string[];
  /** `expired`: an ephemeral member that the broker has forgotten; it is in the chain until an admin revokes it. */
  readonly status: "active" | "revoked" | "left" | "expired";
  /** Sent away by an owner or admin until then, as the broker last told; null: it may come. */
  readonly kicked_until: string | null;
  /** When it was last seen on another host than before, or on a copy of it, as owners and admins are told; null: never. */
  readonly clone_suspected_at: string | null;
  /** Its signing keys, the one in use last. */
  readonly key_ids: readonly string[];
  /** null in a mesh without a membership chain. */
  readonly joined_at: string | null;
  /** Topics and queues that it may use, `#name` and `queue:name`; null: all. */
  readonly destinations: readonly string[] | null;
  /** Addresses of those whose direct messages it takes; null: everybody's. */
  readonly dm_from: readonly string[] | null;
}

/** A member that was sent away for a time, or may come back. */
export interface KickView {
  readonly member_id: string;
  readonly name: string;
  readonly address: string;
  /** By the broker's clock; null: it may come back. */
  readonly until: string | null;
}

/** Answer of `GET /v1/members`. */
export interface MemberList {
  readonly items: readonly MemberView[];
  /** When the broker told of them last; null when that was not kept. While the link is down nothing newer is known. */
  readonly told_at: string | null;
}

/** What keeps the broker's membership chain and this home's apart. */
export interface MembershipTroubleView {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The membership chain that this home holds. */
export interface MembershipView {
  /** Place of the newest entry; null: this home holds no chain. */
  readonly n: number | null;
  /** Its hash: equal at two members who hold the same chain. */
  readonly head: string | null;
  readonly trouble: MembershipTroubleView | null;
  /** As they were signed, in order. */
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  /** What asks for the next page; null at the end. */
  readonly next_after: number | null;
}

/** For two members to compare over another way than this mesh. */
export interface SafetyNumberView {
  /** Sixty digits in twelve groups of five: the same at both. */
  readonly digits: string;
  readonly self: ComparedMember;
  readonly member: ComparedMember;
}

export interface ComparedMember {
  readonly member_id: string;
  readonly name: string;
  readonly address: string;
  readonly key_id: string;
}

/** What the mesh does when two daemons use one member's keys. */
export interface ConcurrencyView {
  readonly policy: ConcurrencyPolicy;
}

/** Whose direct messages this member takes: addresses; null: everybody's. */
export interface DmPolicyView {
  readonly from: readonly string[] | null;
}

/** Answer of `GET /v1/membership/seal`: what sealing this mesh would do now. */
export interface SealPlan {
  /**
   * `found`: this member begins the mesh's membership and takes in whose keys are known. `admit`: it takes in who has
   * announced keys since. `pin`: the owner has begun it; this home goes by it from now on. `none`: there is nothing to do.
   */
  readonly action: "found" | "admit" | "pin" | "none";
  /** Who begins or began it. */
  readonly owner: SealMember;
  /** Who belongs to the mesh once it is done. */
  readonly members: readonly SealMember[];
  /** Whose daemon has not announced its keys: not in the membership until it has, and this is done again. */
  readonly left_out: readonly SealMember[];
  /** Over all of the above: what was shown is what is done. */
  readonly digest: string;
}

export interface SealMember {
  readonly member_id: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member" | "guest";
}

/** Answer of `POST /v1/membership/seal`. */
export interface SealDone {
  readonly action: SealPlan["action"];
  readonly members: number;
  /** Head of the membership that this home now holds. */
  readonly head: string;
}
