import type { PushItem } from "./frames.ts";

/** Messages of a queue by what becomes of them next; each number is exact up to `limits.queueCountMax`, where it stops. */
export interface QueueCounts {
  readonly ready: number;
  /** Given back, for later. */
  readonly delayed: number;
  readonly leased: number;
  /** Dead letters. */
  readonly dead: number;
}

export interface QueueInfo {
  readonly name: string;
  /** member_id of who made it. */
  readonly created_by: string;
  readonly created_at: string;
  /** Deliveries after which a message that nobody acknowledged is a dead letter. */
  readonly deliveries_max: number;
  /** As of a topic: open for messages that API keys hand to the broker unsealed, and up to where it was. */
  readonly unsealed: boolean;
  readonly unsealed_through: number;
  /** null: not asked for. */
  readonly counts: QueueCounts | null;
}

/** A message of a queue under a lease, which whoever claimed it ends by `ack` or `nack`. */
export interface ClaimedItem {
  readonly lease_id: string;
  readonly lease_until: string;
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
  readonly item: PushItem;
}

/** A message of a queue that was delivered as often as the queue allows, and acknowledged by nobody. */
export interface DeadLetterItem {
  readonly deliveries: number;
  /** What the last consumer said, or that its lease ran out; null: it said nothing. */
  readonly reason: string | null;
  readonly died_at: string;
  /** member_id of the last consumer. */
  readonly claimed_by: string;
  readonly item: PushItem;
}

/** Requests about queues, as {@link RequestFrame}; claims and what ends them among them. */
export type QueueRequestFrame =
  /** All of them, or the one named; names alone cost little, counts a look at each queue. */
  | { readonly type: "queues"; readonly id: number; readonly queue: string | null; readonly counts: boolean }
  | { readonly type: "queue_create"; readonly id: number; readonly name: string; readonly deliveries_max: number }
  | { readonly type: "queue_delete"; readonly id: number; readonly queue: string; readonly force: boolean }
  | {
      readonly type: "queue_dead";
      readonly id: number;
      readonly queue: string;
      readonly after_seq: number;
      readonly limit: number;
    }
  /** seqs null: all of them. */
  | {
      readonly type: "queue_requeue";
      readonly id: number;
      readonly queue: string;
      readonly seqs: readonly number[] | null;
    }
  /** Answered once there is something to claim, at the latest after `wait_ms`, then with nothing. */
  | {
      readonly type: "claim";
      readonly id: number;
      readonly queue: string;
      readonly limit: number;
      readonly lease_ms: number;
      readonly wait_ms: number;
    }
  | { readonly type: "ack"; readonly id: number; readonly queue: string; readonly lease_id: string }
  | {
      readonly type: "nack";
      readonly id: number;
      readonly queue: string;
      readonly lease_id: string;
      readonly delay_ms: number;
      readonly reason: string | null;
    }
  | {
      readonly type: "extend";
      readonly id: number;
      readonly queue: string;
      readonly lease_id: string;
      readonly lease_ms: number;
    };

/** What their `reply.result` holds. */
export interface QueueRequestResults {
  queues: { readonly queues: readonly QueueInfo[] };
  queue_create: QueueInfo;
  queue_delete: { readonly name: string };
  queue_dead: { readonly messages: readonly DeadLetterItem[]; readonly next_after_seq: number | null };
  queue_requeue: { readonly requeued: number };
  claim: { readonly messages: readonly ClaimedItem[] };
  ack: { readonly seq: number };
  nack: { readonly seq: number; readonly state: "ready" | "dead"; readonly available_at: string };
  extend: { readonly seq: number; readonly lease_until: string };
}

/** Nobody waits for the claim any more, which is a request of this link: it is answered at once, with nothing or what it got. */
export interface ClaimCancelFrame {
  readonly type: "claim_cancel";
  readonly claim: number;
}
