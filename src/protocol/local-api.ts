import type { RowRefusal } from "./row-refusal.ts";
import type { AttachmentView, SendAttachment } from "./attachment.ts";
import type { InviteInfo } from "./invite-frames.ts";
import type { MembershipTroubleView, MemberView } from "./membership-api.ts";
import type { LinkErrorKind } from "./link-error-kinds.ts";
import type { QueueCounts } from "./queue-frames.ts";

/** Shapes of the daemon's local API (HTTP/JSON, snake_case as on the wire). The daemon's answers satisfy these. */

export interface SendRequest {
  /** `@name`, `@name/agent`, `#topic`, `queue:name`, or `@<64 hex member_id>`. */
  readonly to: string;
  /** Text; exactly one of `message` and `body`. */
  readonly message?: string;
  /** Bytes, base64url without padding. */
  readonly body?: string;
  readonly content_type?: string;
  readonly priority?: "now" | "next" | "low";
  readonly meta?: Readonly<Record<string, unknown>> | null;
  /** Addresses, as written. */
  readonly mentions?: readonly string[];
  readonly reply_to?: string;
  /** An agent of this member: answers go to it. */
  readonly from_agent?: string;
  /** Of an automatic answer: those of the message that it answers, and one. */
  readonly hops?: number;
  readonly client_message_id?: string;
  /** Files that were handed over at `/v1/files`. */
  readonly attachments?: readonly SendAttachment[];
}

/** `disk`: what a daemon holds outlives its process and a power cut; `process`: it is in memory, and ends with the daemon. */
export const durabilities = ["disk", "process"] as const;
export type Durability = (typeof durabilities)[number];

export interface SendResult {
  /** The sender's own form of the id. */
  readonly client_message_id: string;
  readonly outbox_id: number;
  readonly state: "queued" | "inflight" | "done";
  readonly duplicate: boolean;
  readonly durability: Durability;
  readonly broker_message_id?: string;
  readonly history_id?: number;
}

export const outboxStatuses = ["pending", "inflight", "done", "dead", "aborted"] as const;
export type OutboxStatus = (typeof outboxStatuses)[number];

export interface OutboxRowView {
  readonly outbox_id: number;
  readonly client_message_id: string;
  readonly to: string;
  readonly status: OutboxStatus;
  readonly enqueued_at: string;
  readonly first_attempt_at: string | null;
  readonly next_attempt_at: string | null;
  readonly attempts: number;
  /** {code, message, …} of the last refusal, or null. */
  readonly last_error: RowRefusal | null;
  /** Bytes were on the wire and no answer has settled the row: its fate is the broker's to tell. */
  readonly outcome_unknown: boolean;
  readonly broker_message_id: string | null;
  readonly history_id: number | null;
  readonly delivered_at: string | null;
  readonly aborted_at: string | null;
  readonly aborted_by: string | null;
  readonly superseded_by: number | null;
  readonly supersedes: number | null;
  readonly body_bytes: number;
  /** Files that it carries. */
  readonly attachments: readonly AttachmentView[];
  /** What this host's pre-send hook made of it, or that it could not be asked; null: none was. */
  readonly pre_send: "passed" | "changed" | "failed" | null;
}

/** Stages in order; a stage is listed only when it is true. */
export const receiptStages = ["queued", "accepted", "delivered", "injected", "read"] as const;
export type ReceiptStage = (typeof receiptStages)[number];

export interface MessageView {
  readonly client_message_id: string;
  readonly outbox_id: number;
  readonly to: string;
  readonly status: OutboxStatus;
  readonly stages: readonly { readonly stage: ReceiptStage; readonly at: string }[];
  /** Topics: how many of the current subscribers hold it. */
  readonly delivered_to: { readonly reached: number; readonly of: number } | null;
  /** Bytes of its files that the broker has, while they are on their way to it; null: none is. */
  readonly files_sent: { readonly bytes: number; readonly of: number } | null;
  readonly broker_message_id: string | null;
  readonly history_id: number | null;
  readonly last_error: OutboxRowView["last_error"];
}

/** Who sent a message. */
export interface SenderView {
  readonly member_id: string;
  readonly name: string | null;
  /** The agent of the member that sent it, as the member's daemon says; null: none is named. */
  readonly agent: string | null;
}

export interface InboxItem {
  /** Local row number; ascending in order of arrival on disk. */
  readonly inbox_id: number;
  /** Wire form. */
  readonly client_message_id: string | null;
  readonly broker_message_id: string;
  readonly history_id: number;
  readonly epoch: number;
  readonly from: SenderView;
  /** `@me`, `@me/agent` or `#topic`. */
  readonly to: string;
  readonly topic: string | null;
  readonly agent: string | null;
  readonly content_type: string;
  /** Decoded when content_type is text and the bytes are UTF-8; else null. */
  readonly message: string | null;
  /** base64url. */
  readonly body: string;
  readonly meta: Readonly<Record<string, unknown>> | null;
  readonly mentions: readonly string[];
  readonly reply_to: string | null;
  readonly priority: "now" | "next" | "low";
  /** Programs that answered by themselves before this one, each the answer of another. */
  readonly hops: number;
  readonly encrypted: boolean;
  /** The sender's signature was checked and holds. */
  readonly verified: boolean;
  /**
   * `api:<key id>`: an API key of the member handed it to the broker, in a destination that is open for that. Nobody has
   * signed it and the broker could read it: it is the broker's word that it is the member's. null: the member's own.
   */
  readonly via: string | null;
  readonly sent_at: string;
  readonly accepted_at: string;
  readonly received_at: string;
  readonly read_at: string | null;
  /** Files that it brings. */
  readonly attachments: readonly AttachmentView[];
  /** From the broker's history, since the inbox was damaged: listeners may have been told of it before. Absent: it is not. */
  readonly restored?: boolean;
}

/** A message that was received and cannot be opened: nothing of its body is known. */
export interface UndecryptableView {
  readonly history_id: number;
  readonly epoch: number;
  /** Wire form. */
  readonly client_message_id: string;
  /** As the envelope says: where the membership cannot explain it, nobody has proven it. */
  readonly from: SenderView;
  readonly to: string;
  /** Error code: what it waits for, or `undecryptable`. */
  readonly code: string;
  readonly reason: string;
  /** No key that could still come opens it. */
  readonly final: boolean;
  readonly accepted_at: string;
  readonly since: string;
}

/** A message of the broker's history: as in the inbox, without what only an inbox row has. */
export type HistoryItem = Pick<
  InboxItem,
  "client_message_id" | "broker_message_id" | "history_id" | "epoch" | "accepted_at"
> &
  (
    | Pick<
        InboxItem,
        | "from"
        | "to"
        | "topic"
        | "content_type"
        | "message"
        | "body"
        | "meta"
        | "mentions"
        | "reply_to"
        | "priority"
        | "hops"
        | "encrypted"
        | "verified"
        | "via"
        | "sent_at"
        | "attachments"
      >
    | {
        readonly verified: false;
        /** Why nothing of it can be shown. */
        readonly unavailable: string;
        readonly from?: InboxItem["from"];
      }
  );

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `cursor` for the next page; null at the end. */
  readonly next_cursor: string | null;
}

/** A list that comes whole. */
export interface Listing<T> {
  readonly items: readonly T[];
}

/** Who receives what is sent to a topic. */
export interface TopicMemberView {
  readonly member_id: string;
  readonly name: string;
  readonly address: string;
  readonly role: MemberView["role"];
  readonly online: boolean;
  readonly self: boolean;
}

export interface QueueView {
  readonly name: string;
  /** Pass as `to` of a send. */
  readonly address: string;
  /** member_id of who made it. */
  readonly created_by: string;
  readonly created_at: string;
  /** Deliveries after which a message that nobody acknowledged is a dead letter. */
  readonly deliveries_max: number;
  /** Counted when asked, each up to 10,000. */
  /** API keys may hand in messages that nobody has sealed or signed. */
  readonly unsealed: boolean;
  readonly messages: QueueCounts;
}

/** A message of a queue, this caller's until the lease is over. Nothing of it is in the inbox. */
export type ClaimedMessage = HistoryItem & {
  /** Shown to acknowledge the message, to give it back or to extend the lease. */
  readonly lease_id: string;
  /** By the broker's clock. */
  readonly lease_until: string;
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
};

/** A message that was delivered as often as its queue allows, and acknowledged by nobody. */
export type DeadLetter = HistoryItem & {
  readonly deliveries: number;
  /** What the last consumer said, or that its lease ran out; null: it said nothing. */
  readonly reason: string | null;
  readonly died_at: string;
  /** member_id of the last consumer. */
  readonly claimed_by: string;
};

/** What became of a claimed message. */
export interface LeaseEnded {
  readonly history_id: number;
  /** done: acknowledged; ready: given back; dead: given back after its last delivery. */
  readonly state: "done" | "ready" | "dead";
  /** When it can be claimed again; null: not by itself. */
  readonly available_at: string | null;
}

export interface LeaseExtended {
  readonly history_id: number;
  readonly lease_until: string;
}

export interface QueueDeleted {
  readonly name: string;
}

export interface Requeued {
  readonly requeued: number;
}

/** As the broker tells it; the link is not in it. */
export type InviteView = InviteInfo;

/** The only time that the link is shown. */
export interface InviteMade extends InviteView {
  /** Holds a secret: whoever has it can join. */
  readonly link: string;
  /** The broker listens for its own host only, so the link works there only. */
  readonly loopback: boolean;
}

export interface TopicView {
  readonly name: string;
  readonly topic_id: string;
  readonly subscribers: number;
  readonly subscribed: boolean;
  /** API keys may hand in messages that nobody has sealed or signed. */
  readonly unsealed: boolean;
  /** By which it is sealed; null: nobody has made one, or this member is not told of it. */
  readonly key: TopicKeyView | null;
}

/** What everybody may know of a topic's or queue's key. */
export interface TopicKeyView {
  /** `#name` or `queue:name`. */
  readonly address: string;
  readonly epoch_id: string;
  /** How many it follows. */
  readonly depth: number;
  /** Whether who comes later gets the keys before it. */
  readonly history: "all" | "joined";
  readonly created_at: string;
}

export interface HealthView {
  readonly status: "ok" | "degraded";
  readonly mesh: string;
  readonly member: { readonly member_id: string; readonly name: string; readonly address: string };
  /** Measured: the link answered within the silence limit. */
  readonly link: {
    readonly state: "connected" | "connecting" | "waiting" | "stopped";
    readonly since: string;
    readonly broker_url: string;
    readonly last_error: string | null;
    /** For programs: what kind of error that was. */
    readonly last_error_kind: LinkErrorKind | null;
    /** False: another daemon of this member receives, and this one only sends. null: there is no link. */
    readonly receives: boolean | null;
    /** Of this start of the daemon: by it the broker, and whoever is told of another daemon with these keys, name it. */
    readonly instance_id: string;
    /** While it waits: not dialled before. */
    readonly next_dial_at: string | null;
    /** The broker's clock less this host's at the last opening, the way there included; null before the first. */
    readonly clock_skew_ms: number | null;
  };
  readonly outbox: Readonly<Record<OutboxStatus, number>>;
  readonly membership: {
    /** Entries of the chain that this home holds; 0: none. */
    readonly entries: number;
    readonly trouble: MembershipTroubleView | null;
  };
  readonly pid: number;
  readonly started_at: string;
  readonly durability: Durability;
  /** When this daemon ends by itself; null: it does not. */
  readonly ends_at: string | null;
}

/** Answer to a stop that was asked for. */
export interface StoppingView {
  readonly state: "stopping";
}

/** Names of events. */
export const eventNames = [
  "message",
  "mention",
  "receipt",
  "member_joined",
  "member_left",
  "member_renamed",
  "member_keypair_rotated",
  "keypair_archive_malformed",
  "member_revoked",
  "member_kicked",
  "member_clone_suspected",
  "member_concurrent_connection",
  "concurrency_changed",
  "membership_forked",
  "membership_rolled_back",
  "agent_online",
  "agent_offline",
  "file_shared",
  "hook_executed",
  "link_up",
  "link_down",
  "outbox_pressure",
  "gap",
  "undecryptable",
  "inbox_rebuilt",
  "log_epoch_changed",
  "feature_negotiation_failed",
] as const;

/** Server-sent event: `id` is durable and ascending; `data` the JSON below. */
export interface LocalEvent {
  readonly id: number;
  readonly event: (typeof eventNames)[number];
  readonly at: string;
  /** message: InboxItem · receipt: {client_message_id, outbox_id, stage, at, delivered_to?, reason?} · others: details */
  readonly data: Readonly<Record<string, unknown>>;
}
