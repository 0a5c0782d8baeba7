import type { AgentsKnown, AgentsTold } from "../../protocol/agent-frames.ts";
import type { ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { ApiKeyStore } from "./api-key-store.ts";
import type { BlobRows } from "./blob-rows.ts";
import type { FingerprintStore } from "./fingerprint-store.ts";
import type { KeyStore } from "./key-store.ts";
import type { LinkStore } from "./link-store.ts";
import type { MembershipStore } from "./membership-store.ts";
import type { MentionStore } from "./mention-store.ts";
import type { CloneReason } from "../../protocol/host-frames.ts";
import type { DestinationKey, LogState, Position, ReceiptGroup } from "../../protocol/frames.ts";
import type { CloneNews, ToldHost } from "./host-news.ts";
import type { QueueStore } from "./queue-store.ts";
import type { SharedStore } from "./shared-store.ts";

/**
 * What the broker keeps. One interface, two stores (SQLite, PostgreSQL), one behaviour suite: store-suite.fixture.ts.
 * Everything begins with a mesh_id. A method that returns has committed. Errors are ClaudemeshErrors:
 * `store_unavailable` may be tried again, `store_corrupt` and `schema_newer` stop the broker.
 */
export interface BrokerStore
  extends ApiKeyStore,
    BlobRows,
    FingerprintStore,
    KeyStore,
    LinkStore,
    MembershipStore,
    MentionStore,
    QueueStore {
  /** Opens, migrates, and records this start as a new incarnation with the head of each mesh. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when the store answers; rejects with store_unavailable. */
  ping(): Promise<void>;
  /**
   * Name of the incarnation that commits now: of this start, or of the database server's present life. A link that was
   * opened in another one must show its position anew before it may acknowledge.
   */
  life(): string;
  /** null: no other broker uses this data. */
  readonly shared: SharedStore | null;

  // -- meshes, members, topics: every change takes the mesh's lock, like accept ------------------------------------
  /** Creates the mesh with its system topic `#all` unless it exists; the existing one is returned unchanged. */
  createMesh(input: { mesh_id: string; slug: string; now: number }): Promise<MeshRow>;
  listMeshes(): Promise<MeshRow[]>;
  meshById(meshId: string): Promise<MeshRow | null>;
  deleteMesh(meshId: string): Promise<void>;

  /** Same member_id again: returned unchanged. Name taken without regard to case: already_exists. Subscribes to `all`. */
  addMember(input: {
    mesh_id: string;
    member_id: string;
    name: string;
    role: MemberRow["role"];
    now: number;
  }): Promise<MemberRow>;
  members(meshId: string): Promise<MemberRow[]>;
  member(meshId: string, memberId: string): Promise<MemberRow | null>;
  /**
   * Sends a member away until a time: its link_epoch is raised, so that whatever link it has can neither accept nor acknowledge. null takes
   * that back. Returns it as it is then; not_a_member for one that is none, or no longer.
   */
  kickMember(meshId: string, memberId: string, kick: Kick | null): Promise<MemberRow>;
  /** Keeps what a hello told of its host (host-news.ts). Returns what is to be told of it; null: nothing. */
  noteHost(meshId: string, memberId: string, told: ToldHost, now: number): Promise<CloneNews | null>;
  /** Presence: extends or ends the lease; `until` in epoch milliseconds. Loss at a crash is harmless. */
  touchPresence(meshId: string, memberId: string, until: number, told: AgentsTold): Promise<void>;

  /** What a hello says of how long its member's keys live; `until`: its presence lease lasts at least to then. */
  noteEphemeral(
    meshId: string,
    memberId: string,
    hello: { readonly ephemeral: boolean; readonly until: number },
  ): Promise<void>;
  /**
   * Ends ephemeral members whose lease ended before a time, the longest gone first: status `expired`, and otherwise as one that has left.
   * Returns them as they were.
   */
  expireEphemeral(
    meshId: string,
    seenBefore: number,
    options: { readonly limit: number; readonly dryRun: boolean },
  ): Promise<MemberRow[]>;

  /** Its creator is subscribed by that. Name taken: already_exists. */
  createTopic(input: { mesh_id: string; name: string; created_by: string; now: number }): Promise<TopicRow>;
  deleteTopic(meshId: string, name: string, now: number): Promise<void>;
  topics(meshId: string): Promise<TopicRow[]>;
  topicByName(meshId: string, name: string): Promise<TopicRow | null>;
  /** Opens an interval from the mesh's head under its lock. Already subscribed: nothing changes. */
  subscribe(meshId: string, memberId: string, topicName: string, now: number): Promise<TopicRow>;
  /** Ends the interval at the mesh's head; what lies inside it is still delivered. */
  unsubscribe(meshId: string, memberId: string, topicName: string, now: number): Promise<TopicRow>;
  subscribers(meshId: string, topicId: string): Promise<string[]>;

  // -- accept -----------------------------------------------------------------------------------------------------
  /** B0: the records of these ids, as far as there are any, void ones included. */
  lookUp(meshId: string, ids: readonly string[]): Promise<Map<string, DedupeRecord | VoidRecord>>;
  /**
   * B2 and B3 for one mesh in one transaction, in item order: lock the mesh's head; look every id up again
   * (record → duplicate or mismatch, void → void); then `refusal` if the item carries one; then membership,
   * link_epoch, destination, subscription; then number and insert. One bad item never fails its neighbours.
   */
  accept(meshId: string, items: readonly AcceptItem[], now: number): Promise<AcceptOutcome[]>;
  /** Claims ids as void, or returns the record where one is committed. Void claims last one dedupe window. */
  voidIds(
    meshId: string,
    memberId: string,
    ids: readonly string[],
    now: number,
  ): Promise<Map<string, DedupeRecord | VoidRecord>>;

  // -- reading the log --------------------------------------------------------------------------------------------
  log(meshId: string): Promise<LogState>;
  /** Checks a member's position against the log; a lost one opens a new epoch (once) and says its prefix. */
  checkPosition(
    meshId: string,
    positions: readonly Position[],
    now: number,
  ): Promise<{ state: "ok" } | { state: "lost"; log: LogState; opened: boolean }>;
  /** The destinations of a member with its cursor in each, ended subscriptions that still owe something included. */
  cursors(meshId: string, memberId: string): Promise<CursorRow[]>;
  /** Messages of a destination above `afterSeq` up to `lastSeq`, at most `limitItems` and about `limitBytes`. */
  read(
    meshId: string,
    memberId: string,
    destination: DestinationKey,
    range: {
      afterSeq: number;
      limitItems: number;
      limitBytes: number;
    },
  ): Promise<LogMessage[]>;
  /** Of all destinations, oldest first, above `afterSeq` up to `toSeq`; at least one if there is any, however large. */
  readLog(
    meshId: string,
    range: { afterSeq: number; toSeq: number; limitItems: number; limitBytes: number },
  ): Promise<RoutedMessage[]>;
  /**
   * Newest first, below `beforeSeq` (null: from the head). dm: what the member sent or received. Of a topic: what lies in the
   * intervals of its subscription; all of it for who has subscribed now, where the topic's newest key is for late comers too.
   */
  history(
    meshId: string,
    memberId: string,
    address: { kind: "dm" } | { kind: "topic"; topic_id: string },
    page: {
      beforeSeq: number | null;
      limit: number;
    },
  ): Promise<LogMessage[]>;
  /** The message at a place of the log, whoever it is for; null when it is pruned or was never there. */
  messageAt(meshId: string, seq: number): Promise<LogMessage | null>;
  /** Moves cursors forward, never back; a stale link_epoch, or another `life` than the present one, changes nothing and returns false. */
  acknowledge(
    meshId: string,
    memberId: string,
    linkEpoch: number,
    acks: readonly { destination: DestinationKey; seq: number }[],
    life?: string,
  ): Promise<boolean>;
  /** Of the `newestOf` newest messages of each topic that the member has a cursor in, those that it sent itself at or after `since`; in order. */
  sentToTopics(
    meshId: string,
    memberId: string,
    range: { since: number; newestOf: number },
  ): Promise<{ readonly topic_id: string; readonly seq: number; readonly client_message_id: string }[]>;
  /** How many current subscribers of the topic have acknowledged `seq`, and of how many (the sender excluded). */
  topicProgress(meshId: string, topicId: string, seq: number, sender: string): Promise<{ reached: number; of: number }>;

  // -- receipts for senders that are offline -----------------------------------------------------------------------
  /** Keeps groups for the members they are addressed to; at most `keptMax` items per member, the oldest groups give way. */
  addReceipts(
    meshId: string,
    groups: readonly ReceiptGroup[],
    options: { keptMax: number; now: number },
  ): Promise<void>;
  /** The oldest kept for a member, above the receipt_id `after`. They stay until {@link dropReceipts}: telling twice is harmless. */
  takeReceipts(meshId: string, memberId: string, limit: number, after?: number): Promise<KeptReceipts[]>;
  dropReceipts(meshId: string, memberId: string, receiptIds: readonly number[]): Promise<void>;

  // -- upkeep: chunked, each a command with dryRun -----------------------------------------------------------------
  /** Above `afterSeq` at most `limit`, or fewer where each is owed to many; removed 0: there are no more. */
  expireMessages(
    meshId: string,
    acceptedBefore: number,
    options: { afterSeq: number; limit: number; dryRun: boolean; now: number },
  ): Promise<{ removed: number; notices: ExpiryNotice[]; lastSeq: number }>;
  /** What retention left for a member, oldest first. It stays until {@link dropNotices}: telling twice is harmless. */
  takeNotices(meshId: string, memberId: string, limit: number): Promise<KeptNotice[]>;
  dropNotices(meshId: string, memberId: string, noticeIds: readonly number[]): Promise<void>;
  expireDedupe(meshId: string, now: number, options: { limit: number; dryRun: boolean }): Promise<number>;
  /** Notices and receipts kept before a time are forgotten; returns how many. */
  expireKept(meshId: string, keptBefore: number, options: { limit: number; dryRun: boolean }): Promise<number>;
  /** Looks at `limit` sequence numbers above `afterSeq`; `next` is where to go on, null at the head. */
  checkConsistency(
    meshId: string,
    afterSeq: number,
    limit: number,
  ): Promise<{ findings: ConsistencyFinding[]; next: number | null }>;
}

export interface MeshRow {
  readonly mesh_id: string;
  readonly slug: string;
  readonly created_at: number;
  /** What happens when two daemons use one member's keys. */
  readonly concurrency: ConcurrencyPolicy;
}

export interface MemberRow {
  readonly mesh_id: string;
  readonly member_id: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member" | "guest";
  readonly status: "active" | EndedStatus;
  /** Its last hello said that its keys end with its process. */
  readonly ephemeral: boolean;
  readonly link_epoch: number;
  readonly instance_id: string | null;
  /** Presence lease, epoch milliseconds; 0 if never seen. */
  readonly online_until: number;
  readonly agents: readonly string[];
  /** What its daemon says of them beside their names; null: nothing, so that there may be others. */
  readonly agents_told: AgentsKnown | null;
  readonly joined_at: number;
  /** The last one, over or not; null: it never was sent away, or that was taken back. */
  readonly kick: Kick | null;
  readonly host: MemberHost;
}

/** Where a member's daemon said to be when it was told last. */
export interface MemberHost {
  /** null: it has told none. */
  readonly print: string | null;
  /** What it said against its host. */
  readonly reason: CloneReason | null;
  /** When either became another one, epoch milliseconds; null: never. */
  readonly suspectedAt: number | null;
}

/** `expired`: an ephemeral one that was not there for long; the chain of the mesh has it still. */
export type EndedStatus = "revoked" | "left" | "expired";

export interface Kick {
  /** Epoch milliseconds. */
  readonly until: number;
  /** member_id of who sent it away. */
  readonly by: string;
}

export interface TopicRow {
  readonly mesh_id: string;
  /** UUIDv7; a recreated topic is a new one. */
  readonly topic_id: string;
  readonly name: string;
  readonly created_at: number;
  /** Open for unsealed messages of API keys. */
  readonly unsealed: boolean;
  /** Such messages may stand up to this sequence number although it was closed since; 0: it never was open. */
  readonly unsealed_through: number;
}

export interface AcceptItem {
  readonly envelope: Envelope;
  /** Recomputed by the broker from the envelope, 32 bytes; never the claimed one. */
  readonly fingerprint: Uint8Array;
  /** null: it came by no link but from a direct caller. */
  readonly linkEpoch: number | null;
  /** The store's life in which the link was opened: in another one its epoch means nothing. Absent: not looked at. */
  readonly life?: string | undefined;
  /** True: nobody sealed it, so its destination must be open for unsealed messages, else unsealed_body. */
  readonly unsealed?: boolean;
  /** Minted by the broker for this attempt (UUIDv7). */
  readonly broker_message_id: string;
  /** Decided before the lock (limit, behind): answered only if no record turns up under the lock. */
  readonly refusal: Refusal | null;
}

export interface Refusal {
  readonly kind: "refused";
  readonly status: number;
  readonly code: import("../../protocol/error-codes.ts").ErrorCode;
  readonly message: string;
  readonly retry_after_ms?: number;
}

export type AcceptOutcome =
  | {
      readonly kind: "accepted";
      readonly seq: number;
      readonly epoch: number;
      readonly destination: RoutedDestination;
      readonly position: Position;
    }
  | { readonly kind: "duplicate"; readonly record: DedupeRecord }
  | { readonly kind: "mismatch"; readonly record: DedupeRecord }
  | { readonly kind: "void" }
  | Refusal;

/** Whom an accepted message concerns. */
export type RoutedDestination =
  | { readonly kind: "dm"; readonly member_id: string }
  | { readonly kind: "topic"; readonly topic_id: string }
  | { readonly kind: "queue"; readonly name: string };

export interface DedupeRecord {
  readonly kind: "record";
  readonly client_message_id: string;
  readonly broker_message_id: string;
  readonly seq: number;
  readonly epoch: number;
  readonly request_fingerprint: Uint8Array;
  readonly fingerprint_version: number;
  readonly sender: string;
  readonly first_seen_at: number;
  readonly history_available: boolean;
  /** null when the message is pruned. */
  readonly position: Position | null;
}
export interface VoidRecord {
  readonly kind: "void";
  readonly client_message_id: string;
  readonly sender: string;
}

export interface CursorRow {
  readonly destination: DestinationKey;
  /** Acknowledged up to here. */
  readonly seq: number;
  /** Ended subscription: nothing above is owed. */
  readonly lastSeq: number | null;
}

export interface LogMessage {
  readonly seq: number;
  readonly epoch: number;
  readonly broker_message_id: string;
  readonly accepted_at: number;
  readonly destination: DestinationKey;
  readonly position: Position;
  readonly envelope: Envelope;
}

/** A message with whom it concerns, for a broker that reads on behalf of all its links. */
export interface RoutedMessage extends LogMessage {
  readonly routed: RoutedDestination;
}

/** Retention passed a cursor: `expired` for the sender, `gap` for the receiver. Kept until told. */
export interface ExpiryNotice {
  readonly to: string;
  readonly kind: "expired" | "gap";
  readonly client_message_id: string | null;
  readonly destination: DestinationKey;
  readonly from_seq: number;
  readonly to_seq: number;
}

export interface KeptNotice extends ExpiryNotice {
  readonly notice_id: number;
}

export interface KeptReceipts {
  readonly receipt_id: number;
  readonly group: ReceiptGroup;
}

export interface ConsistencyFinding {
  readonly kind:
    | "record_without_message"
    | "message_without_record"
    | "mention_without_message"
    | "missing_mention"
    | "superfluous_mention"
    | "queue_row_without_message"
    | "queue_message_without_row"
    | "sequence_gap";
  readonly seq: number;
  readonly client_message_id: string | null;
}
