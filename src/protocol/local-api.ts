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
  readonly client_message_id?: string;
}

export interface SendResult {
  /** The sender's own form of the id. */
  readonly client_message_id: string;
  readonly outbox_id: number;
  readonly state: "queued" | "inflight" | "done";
  readonly duplicate: boolean;
  readonly broker_message_id?: string;
  readonly history_id?: number;
}

export type OutboxStatus = "pending" | "inflight" | "done" | "dead" | "aborted";

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
  readonly last_error: { readonly code: string; readonly message: string; readonly broker_message_id?: string } | null;
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
}

/** Stages in order; a stage is listed only when it is true. */
export type ReceiptStage = "queued" | "accepted" | "delivered" | "injected" | "read";

export interface MessageView {
  readonly client_message_id: string;
  readonly outbox_id: number;
  readonly to: string;
  readonly status: OutboxStatus;
  readonly stages: readonly { readonly stage: ReceiptStage; readonly at: string }[];
  /** Topics: how many of the current subscribers hold it. */
  readonly delivered_to: { readonly reached: number; readonly of: number } | null;
  readonly broker_message_id: string | null;
  readonly history_id: number | null;
  readonly last_error: OutboxRowView["last_error"];
}

export interface InboxItem {
  /** Local row number; ascending in order of arrival on disk. */
  readonly inbox_id: number;
  /** Wire form. */
  readonly client_message_id: string | null;
  readonly broker_message_id: string;
  readonly history_id: number;
  readonly epoch: number;
  readonly from: { readonly member_id: string; readonly name: string | null };
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
  readonly encrypted: boolean;
  /** The sender's signature was checked and holds. */
  readonly verified: boolean;
  readonly sent_at: string;
  readonly accepted_at: string;
  readonly received_at: string;
  readonly read_at: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `cursor` for the next page; null at the end. */
  readonly next_cursor: string | null;
}

export interface MemberView {
  readonly member_id: string;
  readonly name: string;
  readonly address: string;
  readonly role: "owner" | "admin" | "member" | "guest";
  readonly online: boolean;
  readonly last_seen_at: string | null;
  readonly self: boolean;
}

export interface InviteView {
  /** The invite's public key; the link holds the private one, and nobody else has it. */
  readonly invite_id: string;
  readonly role: MemberView["role"];
  readonly state: "open" | "used" | "expired" | "revoked";
  /** Members it may admit, and has admitted. */
  readonly uses: number;
  readonly used: number;
  readonly created_at: string;
  readonly expires_at: string;
  /** member_id of who made it. */
  readonly created_by: string;
}

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
  };
  readonly outbox: Readonly<Record<OutboxStatus, number>>;
  readonly pid: number;
  readonly started_at: string;
}

export interface VersionView {
  readonly daemon: string;
  readonly ipc_api: "v1";
  readonly ipc_features: readonly string[];
  readonly schema_version: number;
  readonly broker_features: Readonly<Record<string, unknown>> | null;
}

/** RFC 9457 problem details, as every refusal of daemon and broker travels. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly [extra: string]: unknown;
}

/** Server-sent event: `id` is durable and ascending; `event` one of host.md's names; `data` the JSON below. */
export interface LocalEvent {
  readonly id: number;
  readonly event:
    | "message"
    | "mention"
    | "receipt"
    | "member_joined"
    | "member_left"
    | "member_renamed"
    | "member_keypair_rotated"
    | "member_revoked"
    | "agent_online"
    | "agent_offline"
    | "file_shared"
    | "hook_executed"
    | "link_up"
    | "link_down"
    | "outbox_pressure"
    | "gap"
    | "log_epoch_changed"
    | "feature_negotiation_failed";
  readonly at: string;
  /** message: InboxItem · receipt: {client_message_id, outbox_id, stage, at, delivered_to?} · others: details */
  readonly data: Readonly<Record<string, unknown>>;
}
