import type { AnnouncedKeys, MembershipHead } from "../../protocol/membership-frames.ts";
import type { MemberRow } from "./store.ts";

/** The membership chains, entry by entry as they were signed. What an entry means to members and topics is applied with it. */
export interface MembershipStore {
  /** null: the mesh has no chain. */
  membershipHead(meshId: string): Promise<MembershipHead | null>;
  /** Canonical JSON of the entries above a place, in order, at most `limit` and about `limitBytes`, at least one if there is any. */
  membershipAbove(meshId: string, after: number, limit: number, limitBytes: number): Promise<string[]>;
  /**
   * Under the mesh's lock: appends if `previous` is the head (null: there is none), with the effects, in one transaction. False: the
   * head is another one. not_found without such a mesh; already_exists for a name that a member has who is in no chain yet. What is no right entry there is the caller's to find.
   */
  appendMembership(meshId: string, entry: NewMembershipEntry, now: number): Promise<boolean>;
  /** What a member of a mesh without a chain says of its keys; a later word takes the place of an earlier one. */
  announceKeys(
    meshId: string,
    memberId: string,
    keys: { readonly x25519_pubkey: string; readonly proof: string },
    now: number,
  ): Promise<void>;
  announcedKeys(meshId: string): Promise<AnnouncedKeys[]>;
}

export interface NewMembershipEntry {
  readonly n: number;
  readonly hash: string;
  readonly previous: string | null;
  /** Canonical JSON. */
  readonly text: string;
  readonly effects: readonly MembershipEffect[];
}

/** What an entry changes of what the broker decides by. */
export type MembershipEffect =
  /** Present already (a mesh from before it had a chain): its name and role become these. */
  | {
      readonly kind: "member_added";
      readonly member_id: string;
      readonly name: string;
      readonly role: MemberRow["role"];
    }
  | { readonly kind: "member_renamed"; readonly member_id: string; readonly name: string }
  | { readonly kind: "member_role"; readonly member_id: string; readonly role: MemberRow["role"] }
  /** Its subscriptions of other topics than these (`#name`) end; `#all` is everybody's. null: it may use all again. */
  | { readonly kind: "member_limited"; readonly member_id: string; readonly destinations: readonly string[] | null }
  /** Keys of topics and queues are sealed to this for it from now on. */
  | { readonly kind: "member_keys"; readonly member_id: string; readonly x25519_pubkey: string }
  /** Its link epoch is raised and its subscriptions end,. */
  | { readonly kind: "member_ended"; readonly member_id: string; readonly status: "revoked" | "left" }
  /** `#name` or `queue:name`; one that does not exist changes nothing. */
  | { readonly kind: "unsealed"; readonly destination: string; readonly unsealed: boolean };
