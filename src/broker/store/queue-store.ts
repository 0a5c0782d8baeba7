import type { ExpiryNotice, LogMessage } from "./store.ts";

/**
 * Work queues. Every message of a queue has one row, in one of four states:
 *
 *     accept ─► ready ──claim──► leased ──ack──► done
 *                 ▲                │
 *                 ├── nack, or the lease is over, while deliveries are left
 *                 │                └── with the last delivery ──► dead
 *                 └───────────────────── requeue ───────────────────┘
 *
 * A claim gives the row a new lease_id and counts one delivery. Whoever shows the lease_id while the lease lasts may end
 * or extend it; once it is over, by the broker's clock, it is lost, whether or not somebody else has claimed the message
 * since. So at most one lease is effective, and nothing but its time ends it early: no lost link, no killed process.
 * Leases that are over are noticed when the queue is claimed from; readers count by time, as if they had been noticed.
 *
 * Throws unknown_destination for a queue that is not there, and not_a_member for who is not an active member.
 */
export interface QueueStore {
  /** Name taken: already_exists. Too many in the mesh: too_many_queues. */
  createQueue(input: {
    mesh_id: string;
    name: string;
    created_by: string;
    deliveries_max: number;
    now: number;
  }): Promise<QueueRow>;
  queues(meshId: string): Promise<QueueRow[]>;
  queueByName(meshId: string, name: string): Promise<QueueRow | null>;
  /** Each state counted up to `countMax`. */
  countQueue(meshId: string, name: string, options: { countMax: number; now: number }): Promise<QueueCounts>;
  /**
   * Removes the queue, or at most `limit` of its rows from the oldest on: call it until `done`. Holds it messages that
   * are not done, dead letters included: queue_not_empty, unless forced; then each leaves `expired` for its sender.
   */
  deleteQueue(
    meshId: string,
    name: string,
    options: { force: boolean; limit: number; now: number },
  ): Promise<{ notices: ExpiryNotice[]; done: boolean }>;

  /** Leases what is available, lowest sequence number first; at most `limit` and about `limitBytes`, but one at least. */
  claim(
    meshId: string,
    memberId: string,
    queue: string,
    options: { limit: number; limitBytes: number; leaseMs: number; now: number },
  ): Promise<Claimed>;
  /** Ends the message as done. Again with the same lease_id: the same answer. Lease over or unknown: lease_lost. */
  ack(meshId: string, memberId: string, queue: string, leaseId: string, now: number): Promise<{ seq: number }>;
  /** Gives the message back, for a claim after `delayMs`; after the last delivery it is a dead letter. lease_lost. */
  nack(
    meshId: string,
    memberId: string,
    queue: string,
    leaseId: string,
    options: { delayMs: number; reason: string | null; now: number },
  ): Promise<{ seq: number; state: "ready" | "dead"; available_at: number }>;
  /** The lease lasts until `leaseMs` from now; it is never made shorter. lease_lost. */
  extend(
    meshId: string,
    memberId: string,
    queue: string,
    leaseId: string,
    options: { leaseMs: number; now: number },
  ): Promise<{ seq: number; lease_until: number }>;

  /** Dead letters above `afterSeq`, lowest first; at most `limit` and about `limitBytes`, but one at least. */
  deadLetters(
    meshId: string,
    queue: string,
    page: { afterSeq: number; limit: number; limitBytes: number; now: number },
  ): Promise<DeadLetter[]>;
  /** Makes dead letters ready again, with all their deliveries; those of `seqs`, or the first `limit`. Returns how many. */
  requeueDead(
    meshId: string,
    queue: string,
    options: { seqs: readonly number[] | null; limit: number; now: number },
  ): Promise<number>;
}

export interface QueueRow {
  readonly mesh_id: string;
  readonly name: string;
  readonly created_by: string;
  readonly created_at: number;
  /** Deliveries after which a message that nobody acknowledged is a dead letter. */
  readonly deliveries_max: number;
  /** Open for unsealed messages of API keys. */
  readonly unsealed: boolean;
  /** Such messages may stand up to this sequence number although it was closed since; 0: it never was open. */
  readonly unsealed_through: number;
}

export interface QueueCounts {
  /** A claim would get them. */
  readonly ready: number;
  /** Given back, for later. */
  readonly delayed: number;
  readonly leased: number;
  readonly dead: number;
}

export interface Claimed {
  readonly messages: readonly ClaimedMessage[];
  /** Messages that this call found to be dead letters: the lease of their last delivery is over. */
  readonly dead: number;
  /** When nothing was claimed: the first moment at which something may become available by time alone; null: none. */
  readonly nextAt: number | null;
}

export interface ClaimedMessage {
  readonly lease_id: string;
  readonly lease_until: number;
  /** This one included. */
  readonly deliveries: number;
  readonly message: LogMessage;
}

export interface DeadLetter {
  readonly deliveries: number;
  /** What the last consumer said, or that its lease ran out. */
  readonly reason: string | null;
  readonly died_at: number;
  /** member_id of the last consumer. */
  readonly claimed_by: string;
  readonly message: LogMessage;
}
