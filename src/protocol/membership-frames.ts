import type { ConcurrencyPolicy } from "./concurrency.ts";
import type { EpochRecord, EpochWrap } from "./epoch.ts";
import type { LogState, MemberInfo } from "./frames.ts";
import type { BrokerReach } from "./invite-frames.ts";
import type { MembershipEntry } from "./membership/entry.ts";

/** The newest entry of a mesh's membership chain as a broker has it. */
export interface MembershipHead {
  readonly n: number;
  /** 64 hex characters. */
  readonly hash: string;
}

/** What a broker keeps of keys, in the order in which it came to have it: each with a number of its own, per mesh. */
export type KeyItem =
  | { readonly key_seq: number; readonly kind: "epoch"; readonly record: EpochRecord }
  /** A key for the asking member. */
  | { readonly key_seq: number; readonly kind: "wrap"; readonly wrap: EpochWrap }
  /** Somebody who may know a topic's keys has left it. */
  | { readonly key_seq: number; readonly kind: "departed"; readonly destination: string; readonly member_id: string };

/** A member that lacks the key of an epoch which the asking member has. */
export interface WantedWrap {
  readonly epoch_id: string;
  readonly destination: string;
  readonly member_id: string;
}

/** Of a mesh without a chain: what a member says of its own keys, for its owner to take it in by. */
export interface AnnouncedKeys {
  readonly member_id: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member" | "guest";
  /** null: its daemon has not announced any yet. */
  readonly x25519_pubkey: string | null;
  /** By the member's ed25519 key (membership/entry.ts keyProofBytes). */
  readonly proof: string | null;
}

/** Requests about who belongs to a mesh, and about the keys of its topics and queues. */
export type MembershipRequestFrame =
  /** Entries above a place; -1: from the beginning. */
  | { readonly type: "membership"; readonly id: number; readonly after: number }
  /** Appends if it follows the broker's head, else membership_moved. */
  | { readonly type: "membership_append"; readonly id: number; readonly entry: MembershipEntry }
  /** Sends a member away for so long, by the broker's clock; 0 takes that back. Owners and admins. */
  | { readonly type: "kick"; readonly id: number; readonly member_id: string; readonly for_ms: number }
  /** What happens when two daemons use one member's keys; null: only asks. Owners and admins change it. */
  | { readonly type: "concurrency"; readonly id: number; readonly policy: ConcurrencyPolicy | null }
  /** How others reach this broker; null: by the address that it prefers. Owners and admins. */
  | { readonly type: "reach"; readonly id: number; readonly authority: string | null }
  /** Of a mesh without a chain. */
  | { readonly type: "keys_announce"; readonly id: number; readonly x25519_pubkey: string; readonly proof: string }
  | { readonly type: "keys_announced"; readonly id: number }
  /** What is above a number, of the destinations that the asking member may use; wraps: its own. */
  | { readonly type: "keys"; readonly id: number; readonly after: number }
  | {
      readonly type: "epoch_create";
      readonly id: number;
      readonly record: EpochRecord;
      readonly wraps: readonly EpochWrap[];
    }
  | { readonly type: "epoch_wraps"; readonly id: number; readonly wraps: readonly EpochWrap[] }
  | { readonly type: "keys_wanted"; readonly id: number }
  /** A wrap that the asking member got does not open: it is to have another, by another member. */
  | { readonly type: "wrap_refused"; readonly id: number; readonly epoch_id: string; readonly sealed_to: string }
  /** Epochs whose key the asking member has. */
  | { readonly type: "keys_held"; readonly id: number; readonly epoch_ids: readonly string[] };

/** What their `reply.result` holds. */
export interface MembershipRequestResults {
  /** `head` null: the mesh has no chain. `log`: where the log stands now. */
  membership: {
    readonly entries: readonly MembershipEntry[];
    readonly head: MembershipHead | null;
    readonly log: Pick<LogState, "epoch" | "head">;
  };
  membership_append: MembershipHead;
  /** null: it may come. */
  kick: { readonly until: string | null };
  /** As it is then. */
  concurrency: { readonly policy: ConcurrencyPolicy };
  reach: BrokerReach;
  keys_announce: Record<string, never>;
  keys_announced: { readonly members: readonly AnnouncedKeys[] };
  /** `next_after` null: there is no more now. `through`: everything up to here has been told. */
  keys: {
    readonly items: readonly KeyItem[];
    readonly through: number;
    readonly next_after: number | null;
    /** In which the numbers were given: in another, they may stand for something else. */
    readonly log_epoch: number;
  };
  /** `created` false: the broker had it. */
  epoch_create: { readonly created: boolean };
  epoch_wraps: { readonly stored: number };
  keys_wanted: { readonly wanted: readonly WantedWrap[]; readonly more: boolean };
  /** `taken` false: it was not there, or the member has refused those of too many. */
  wrap_refused: { readonly taken: boolean };
  /** Those whose record the broker does not have, or no wrap for the key that the member has now: it lost them. */
  keys_held: { readonly lacking: readonly string[] };
}

/** News about them. Loss of one is harmless: a new link asks for all. */
export type MembershipEventFrame =
  | {
      readonly type: "event";
      readonly event: "member_kicked";
      readonly member_id: string;
      /** member_id. */
      readonly by: string;
      /** null: it may come back. */
      readonly until: string | null;
    }
  | {
      readonly type: "event";
      readonly event: "concurrency_changed";
      readonly policy: ConcurrencyPolicy;
      /** member_id. */
      readonly by: string;
    }
  | { readonly type: "event"; readonly event: "membership_changed"; readonly head: MembershipHead }
  | { readonly type: "event"; readonly event: "keys_changed" | "keys_wanted"; readonly destination: string };

/** Who belongs to a mesh, as its broker tells it. */
export interface MembersTold {
  readonly members: readonly MemberInfo[];
  /** member_ids of ephemeral members that the broker has forgotten, which the chain has still; absent: none. */
  readonly expired?: readonly string[];
}
