import type { AgentsEventFrame, AgentsKnown, PresenceFrame } from "./agent-frames.ts";
import type { CloseKind } from "./close-codes.ts";
import type { Envelope } from "./envelope.ts";
import type { ErrorCode } from "./error-codes.ts";
import type { CloneEventFrame, CloneReason } from "./host-frames.ts";
import type {
  MembershipEventFrame,
  MembershipHead,
  MembershipRequestFrame,
  MembershipRequestResults,
  MembersTold,
} from "./membership-frames.ts";
import type { NoticesFrame } from "./notice-frames.ts";
import type { ClaimCancelFrame, QueueRequestFrame, QueueRequestResults } from "./queue-frames.ts";

/** A place in a mesh's log, issued by the broker. `mac` is HMAC-SHA256 under its deployment secret (base64url). */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
  readonly broker_message_id: string;
  /** The broker start that committed it; see docs/adr on log epochs. */
  readonly incarnation: string;
  readonly mac: string;
}

/** A destination as cursors name it: "dm" (all dms of the member) or "topic:<topic_id>". */
export type DestinationKey = string;

export interface FeatureOffer {
  readonly versions: readonly number[];
  /** Of client_message_id_dedupe: fingerprint versions of envelopes that were on the wire and are to be sent again as they were. */
  readonly holds?: readonly string[];
}
export type FeatureParams = Readonly<Record<string, unknown>> & { readonly version: number };

// ---- opening, in this order -------------------------------------------------------------------------------------

export interface ChallengeFrame {
  readonly type: "challenge";
  /** 32 random bytes, base64url. */
  readonly nonce: string;
  readonly broker_id: string;
  readonly server_time: string;
  /** ed25519 by the deployment key over challengeBytes(), base64url. */
  readonly signature: string;
}

export interface HelloFrame {
  readonly type: "hello";
  readonly mesh_id: string;
  readonly member_id: string;
  readonly key_id: string;
  /** Random per daemon start. */
  readonly instance_id: string;
  /** instance_id of this daemon's last link, if it had one: that link is replaced silently. */
  readonly previous_instance_id: string | null;
  /** The newest position that the daemon holds durably. */
  readonly position: Position | null;
  /** The newest position it holds of each earlier incarnation, newest first, at most 16. */
  readonly earlier_positions: readonly Position[];
  readonly agents: readonly string[];
  /** Absent: this daemon does not tell of them, or not of all, and {@link HelloFrame.agents} may leave some out. */
  readonly agents_told?: AgentsKnown;
  readonly client: { readonly name: string; readonly version: string };
  /** Equal for one host of the member, and nothing else can be read from it; null: not known. */
  readonly host_print: string | null;
  /** Absent: nothing speaks for it. */
  readonly clone_suspected?: CloneReason;
  /**
   * Print of the TLS certificate that this daemon has pinned and met; null where the system trusts it, and without TLS.
   * The broker compares it with its own: whoever stands between with another certificate is found out.
   */
  readonly certificate_print: string | null;
  readonly features: {
    readonly require: Readonly<Record<string, FeatureOffer>>;
    readonly optional: Readonly<Record<string, FeatureOffer>>;
  };
  /** Its keys end with its process: the broker forgets it some minutes after it was last there. Absent: it comes back. */
  readonly ephemeral?: boolean;
  readonly signature: string;
}

export interface LogBreak {
  /** The epoch that this break opened. */
  readonly epoch: number;
  /** Sequence numbers up to this one are common to the epoch before. */
  readonly prefix: number;
  readonly detected_at: string;
}

export interface HelloAckFrame {
  readonly type: "hello_ack";
  readonly connection_id: string;
  readonly link_epoch: number;
  /** False: another daemon of the member receives, and this link only sends. Absent, of earlier brokers: it receives. */
  readonly receives?: boolean;
  readonly mesh: { readonly mesh_id: string; readonly slug: string };
  readonly member: MemberInfo;
  readonly features: {
    readonly supported: Readonly<Record<string, { readonly params: FeatureParams }>>;
    readonly missing_required: readonly string[];
  };
  readonly limits: { readonly inline_bytes: number; readonly frame_bytes: number; readonly frame_items: number };
  readonly log: LogState;
  /** Head of the mesh's membership chain; null: it has none yet. */
  readonly membership: MembershipHead | null;
}

export interface LogState {
  readonly epoch: number;
  readonly head: number;
  readonly breaks: readonly LogBreak[];
}

// ---- traffic ----------------------------------------------------------------------------------------------------

export interface SendFrame {
  readonly type: "send";
  readonly id: number;
  /** Each client_message_id occurs once. Accept order is item order per destination. */
  readonly items: readonly Envelope[];
}

/** One answer per item of the `send`, in the same order. */
export type SendAnswer =
  | {
      readonly status: 201;
      readonly client_message_id: string;
      readonly broker_message_id: string;
      readonly history_id: number;
      readonly duplicate: false;
      readonly position: Position;
    }
  | {
      readonly status: 200;
      readonly client_message_id: string;
      readonly broker_message_id: string;
      readonly history_id: number;
      readonly duplicate: true;
      readonly history_available: boolean;
      readonly first_seen_at: string;
      readonly position: Position | null;
    }
  | {
      readonly status: 409;
      readonly client_message_id: string;
      readonly code: "idempotency_key_reused";
      readonly conflict: "request_fingerprint_mismatch";
      /** Only for the record's own sender. */
      readonly broker_fingerprint_prefix?: string;
      /** In which version the record holds it; what was sent was compared in that one. */
      readonly broker_fingerprint_version?: number;
      readonly broker_message_id?: string;
    }
  | {
      /** 4xx, 429 or 503 of one item. */
      readonly status: number;
      readonly client_message_id: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retry_after_ms?: number;
    };

export interface SendAckFrame {
  readonly type: "send_ack";
  readonly id: number;
  readonly items: readonly SendAnswer[];
}

export interface PushItem {
  readonly destination: DestinationKey;
  readonly seq: number;
  readonly epoch: number;
  readonly broker_message_id: string;
  readonly accepted_at: string;
  readonly position: Position;
  /** Echoes, null for broker-made messages. */
  readonly client_message_id: string | null;
  readonly request_fingerprint: string | null;
  /** null: the item could not be pushed (too large for the link, pruned) and only its place is told. */
  readonly envelope: Envelope | null;
  readonly stub_reason?: string;
}

export interface PushFrame {
  readonly type: "push";
  readonly items: readonly PushItem[];
}

/** Cumulative per destination: everything up to `seq` is in the receiver's inbox on disk. */
export interface PushAckFrame {
  readonly type: "push_ack";
  readonly acks: readonly { readonly destination: DestinationKey; readonly seq: number }[];
}

export interface VoidFrame {
  readonly type: "void";
  readonly id: number;
  readonly items: readonly string[];
}

export interface VoidAckFrame {
  readonly type: "void_ack";
  readonly id: number;
  readonly items: readonly VoidAnswer[];
}

export type VoidAnswer =
  | { readonly client_message_id: string; readonly status: "void" }
  | {
      readonly client_message_id: string;
      readonly status: "committed";
      readonly record: {
        readonly broker_message_id: string;
        readonly history_id: number;
        readonly request_fingerprint: string;
        readonly fingerprint_version: number;
        readonly first_seen_at: string;
      };
    };

export interface MemberInfo {
  readonly member_id: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member" | "guest";
  readonly online: boolean;
  readonly agents: readonly string[];
  /** As its hello or a later `presence` told; absent: it tells nothing, so that there may be agents beside `agents`. */
  readonly agents_told?: AgentsKnown;
  readonly last_seen_at: string | null;
  /** Sent away until then; null, or absent where a broker of an earlier version tells: it may come. */
  readonly kicked_until?: string | null;
  /** When it was last seen on another host than before, or said to be on a copy of it; null or absent: never. */
  readonly clone_suspected_at?: string | null;
}

export interface TopicInfo {
  readonly topic_id: string;
  readonly name: string;
  readonly created_at: string;
  readonly subscribers: number;
  /** Whether the asking member is subscribed now. */
  readonly subscribed: boolean;
  /** An owner or admin has opened it for messages that API keys hand to the broker unsealed, which nobody has signed. */
  readonly unsealed: boolean;
  /** The last place of the log at which such a message may stand although the topic is not open for them any more. */
  readonly unsealed_through: number;
}

/** A subscriber of a topic. */
export type TopicMember = Pick<MemberInfo, "member_id" | "name" | "role" | "online">;

/** Requests that carry `id` and are answered by `reply` or `error` with the same id. */
export type RequestFrame =
  | { readonly type: "members"; readonly id: number }
  | { readonly type: "topics"; readonly id: number }
  | { readonly type: "topic_members"; readonly id: number; readonly topic: string }
  | { readonly type: "topic_create"; readonly id: number; readonly name: string }
  | { readonly type: "subscribe"; readonly id: number; readonly topic: string }
  | { readonly type: "unsubscribe"; readonly id: number; readonly topic: string }
  | {
      readonly type: "history";
      readonly id: number;
      /** "dm" or a topic name the member is subscribed to. */
      readonly address: string;
      readonly before_seq: number | null;
      readonly limit: number;
    }
  /** Messages that mention the asking member, of those that it may see. */
  | { readonly type: "mentions"; readonly id: number; readonly before_seq: number | null; readonly limit: number }
  | PresenceFrame
  | MembershipRequestFrame
  | QueueRequestFrame;

/** Answers a request of either side. A daemon's reply to the broker says that what was told is on its disk. */
export interface ReplyFrame {
  readonly type: "reply";
  readonly id: number;
  readonly result: unknown;
}

/** Messages of the log, newest first. */
export interface LogPage {
  readonly items: readonly PushItem[];
  /** Where the next page begins; null at the end. */
  readonly next_before_seq: number | null;
}

/** What a RequestFrame's `reply.result` holds, by request type. */
export interface RequestResults extends MembershipRequestResults, QueueRequestResults {
  members: MembersTold;
  topics: { readonly topics: readonly TopicInfo[] };
  topic_members: { readonly members: readonly TopicMember[] };
  topic_create: TopicInfo;
  subscribe: TopicInfo;
  unsubscribe: TopicInfo;
  history: LogPage;
  mentions: LogPage;
  presence: Readonly<Record<string, never>>;
}

export type ReceiptState = "delivered" | "injected" | "read" | "undecryptable";

/** What a receiver says of one message. */
export interface ReceiptItem {
  readonly client_message_id: string;
  readonly request_fingerprint: string;
  readonly state: ReceiptState;
  readonly at: string;
}

/** What one member says of another's messages, under one signature over receiptBytes(): checking costs 80 µs. */
export interface ReceiptGroup {
  /** The messages' sender. */
  readonly to: string;
  /** Their receiver, who signs. */
  readonly from: string;
  readonly items: readonly ReceiptItem[];
  readonly signature: string;
}

/** Receiver → broker → sender. Each hop replies once it holds the groups on disk, or has handed them to who does. */
export interface ReceiptFrame {
  readonly type: "receipt";
  readonly id: number;
  readonly groups: readonly ReceiptGroup[];
}

/** Broker → daemon news. Loss of one is harmless: every state it speaks of can be asked for. */
export type EventFrame =
  | MembershipEventFrame
  | {
      readonly type: "event";
      readonly event: "member_joined" | "member_left" | "member_online" | "member_offline";
      readonly member: MemberInfo;
    }
  | {
      readonly type: "event";
      readonly event: "topic_created" | "topic_changed" | "topic_deleted";
      readonly topic: TopicInfo;
    }
  | {
      readonly type: "event";
      readonly event: "queue_created" | "queue_changed" | "queue_deleted";
      readonly queue: string;
    }
  | { readonly type: "event"; readonly event: "log_epoch_changed"; readonly log: HelloAckFrame["log"] }
  | {
      /** Topic progress: `reached` of `of` subscribers hold the message; sent to its sender, coalesced. */
      readonly type: "event";
      readonly event: "topic_progress";
      readonly client_message_id: string;
      readonly reached: number;
      readonly of: number;
    }
  | { readonly type: "event"; readonly event: "member_concurrent_connection"; readonly member_id: string }
  | AgentsEventFrame
  | CloneEventFrame;

export interface ErrorFrame {
  readonly type: "error";
  /** Of the request that failed, if one did. */
  readonly id?: number;
  readonly code: ErrorCode | CloseKind;
  readonly message: string;
  readonly retryable: boolean;
  /** The link closes right after. */
  readonly closes: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type DaemonFrame =
  | HelloFrame
  | SendFrame
  | PushAckFrame
  | VoidFrame
  | ReceiptFrame
  | RequestFrame
  | ClaimCancelFrame
  | ReplyFrame
  | ErrorFrame;
export type BrokerFrame =
  | ChallengeFrame
  | HelloAckFrame
  | SendAckFrame
  | PushFrame
  | VoidAckFrame
  | ReceiptFrame
  | NoticesFrame
  | ReplyFrame
  | EventFrame
  | ErrorFrame;
