import type { Service } from "../base/service.ts";
import type { Attachment, AttachmentView } from "../protocol/attachment.ts";
import type {
  HealthView,
  InboxItem,
  LocalEvent,
  MessageView,
  OutboxRowView,
  OutboxStatus,
  Page,
  UndecryptableView,
} from "../protocol/local-api.ts";
import type { DestinationKind, Envelope, Priority } from "../protocol/envelope.ts";
import type { EpochRecord } from "../protocol/epoch.ts";
import type { EntryContent, LogPlace, MembershipEntry } from "../protocol/membership/entry.ts";
import type { MembershipState } from "../protocol/membership/state.ts";
import type { HeldRows } from "../protocol/judge-features.ts";
import type { InboxDatabase } from "./inbox/inbox-database.ts";
import type { RowError } from "./outbox/next-state.ts";
import type { CallerFingerprint } from "./outbox/caller-fingerprint.ts";
import type { PreSendRefusals } from "./outbox/pre-send-note.ts";
import type { RequeueChange } from "./outbox/requeue-change.ts";
import type {
  FeatureParams,
  HelloFrame,
  LogBreak,
  MemberInfo,
  Position,
  PushItem,
  ReceiptItem,
  SendAnswer,
  VoidAnswer,
} from "../protocol/frames.ts";

/** A local send after parsing, validation and address resolution. Everything the outbox row needs. */
export interface AcceptedRequest {
  /** The sender's own form. */
  readonly client_message_id: string;
  readonly minted: boolean;
  readonly fingerprint: CallerFingerprint;
  readonly to: string;
  readonly destination_kind: "dm" | "topic" | "queue";
  readonly destination_ref: string;
  readonly body: Uint8Array;
  readonly content_type: string;
  readonly priority: Priority;
  /** Canonical text, "" for none. */
  readonly meta: string;
  /** member_ids, sorted, unique. */
  readonly mentions: readonly string[];
  /** Addresses as the caller wrote them: part of the local fingerprint. */
  readonly mentions_written?: readonly string[];
  readonly reply_to: string | null;
  /** Absent: none. */
  readonly attachments?: readonly AttachmentView[];
  /** As outbox/pre-send-note.ts has it; absent: no hook was asked. */
  readonly pre_send?: string;
}

/** Answer of one local send by delivery.md §3's table. */
export type OutboxAnswer =
  | {
      readonly kind: "queued" | "inflight";
      readonly outbox_id: number;
      readonly client_message_id: string;
      readonly duplicate: boolean;
    }
  | {
      readonly kind: "done";
      readonly outbox_id: number;
      readonly client_message_id: string;
      readonly duplicate: true;
      readonly broker_message_id: string;
      readonly history_id: number;
    }
  | {
      readonly kind: "conflict";
      readonly outbox_id: number;
      readonly conflict: `outbox_${"pending" | "inflight" | "done" | "dead" | "aborted"}_fingerprint_${"match" | "mismatch"}`;
      readonly daemon_fingerprint_prefix: string;
      readonly broker_message_id?: string;
      readonly reason?: string;
    };

/** The durable outbox. One writing connection; accepts are group-committed with fsync before any promise resolves. */
export interface Outbox extends Service {
  /** Answer for a known id by the table, without inserting; null when the id is unknown. Looked up before resolving. */
  peek(clientMessageId: string, fingerprint: CallerFingerprint): OutboxAnswer | null;
  readonly refusals: PreSendRefusals;
  /** Looks up again and inserts in the group's transaction. Rejects outbox_full, outcome_unknown, stopping. */
  accept(request: AcceptedRequest): Promise<OutboxAnswer>;
  /** From now on nothing new is taken (`stopping`), while what is known is answered and what waits goes out. */
  refuseNew(): void;
  row(outboxId: number): OutboxRowView | null;
  list(filter: { states: readonly OutboxStatus[] | null; cursor: string | null; limit: number }): Page<OutboxRowView>;
  /** By outbox_id, sender's id or wire id. */
  message(id: string): MessageView | null;
  /** What was sent under a wire id, while it is kept and if it went out with that fingerprint; else null. */
  sentContent(
    wireId: string,
    requestFingerprint: string,
  ): { readonly body: Uint8Array; readonly attachments: readonly AttachmentView[] } | null;
  counts(): Record<OutboxStatus, number>;
  oldestPendingAgeMs(): number;
  /** Pending or dead only. A row whose bytes were on the wire is voided at the broker first: outcome_pending while it is away. */
  requeue(outboxId: number, change: RequeueChange, by: string): Promise<OutboxRowView>;
  drop(outboxId: number, options: { force: boolean }, by: string): Promise<OutboxRowView>;

  // -- for the drain ----------------------------------------------------------------------------------------------
  /** Rows that go on the wire again as they were, by the name of their envelope's fingerprint version. */
  held(): HeldRows;
  /** Before the first claim on a new link: whatever is inflight still is not on it and goes back. */
  linkOpened(): Promise<void>;
  /** Moves due rows to inflight in order per destination and freezes their envelopes, in one commit. */
  claimDue(now: number, limit: number): Promise<readonly ClaimedRow[]>;
  /** Applies answers of the broker in one commit. `doomed`: so many rows can only end once their ids are voided. */
  settle(answers: readonly { outboxId: number; answer: SendAnswer }[], now: number): Promise<{ doomed: number }>;
  /** Link lost or timed out: inflight → pending, with back-off, outcome unknown. */
  release(outboxIds: readonly number[], reason: string, now: number): Promise<void>;
  /** Rows past their age: expired at once if never transmitted, else named here to be voided first. */
  expireDue(now: number, maxAgeHours: number): Promise<readonly { outboxId: number; wireId: string }[]>;
  /** What the broker said of ids that were to be voided. */
  settleVoid(answers: readonly VoidAnswer[], now: number): Promise<void>;
  /** The broker lost what lies above `prefix` of the epochs before: done rows there go back to pending. Returns how many. */
  reopenAfterBreak(breaks: readonly LogBreak[], now: number): Promise<number>;
  /** Returns the ids that nothing here was sent under. */
  applyReceipts(
    items: readonly {
      wireId: string;
      /** Of the sealed envelope that the receiver was given. */
      fingerprint: string;
      from: string;
      state: "delivered" | "injected" | "read" | "undecryptable";
      at: string;
    }[],
  ): Promise<readonly string[]>;
  applyProgress(wireId: string, progress: { reached: number; of: number }): Promise<void>;
  /** Shrinks old rows to tombstones. Returns how many. */
  prune(now: number): Promise<number>;
  /** Milliseconds until the next pending row is due; null when none waits. */
  nextDueInMs(now: number): number | null;
  /** What waits for keys, or for its files, may be sealed now. */
  keysChanged(): void;
  /** Ids of files that rows carry which are still to be sent. */
  filesInUse(): ReadonlySet<string>;
  /** Fires when a row becomes pending. */
  onWork(listener: () => void): void;
  /** Newest positions told by send answers, newest first, one per incarnation. */
  positions(): readonly Position[];
}

export interface ClaimedRow {
  readonly outboxId: number;
  readonly envelope: Envelope;
}

/** The durable inbox with its events. One writing connection of inbox.db. */
export interface Inbox extends Service {
  /** For other parts that keep something in it. */
  readonly database: InboxDatabase;
  /** Stores a push in one commit with its events; resolves after fsync. Duplicates are counted, not shown. */
  store(items: readonly CheckedPush[], now: number): Promise<InboxTally>;
  /**
   * Checks again, in order, what could not be opened, and shows what can be now. `all`: also what no key could still come for.
   * Returns how many were decided.
   */
  retryUndecryptable(check: (item: PushItem) => CheckedPush, all: boolean, now: number): Promise<number>;
  /** What is kept sealed, in order of arrival. */
  undecryptable(page: { cursor: string | null; limit: number }): Page<UndecryptableView>;
  undecryptableCount(): number;
  list(filter: {
    since: number | null;
    topic: string | null;
    from: string | null;
    agent: string | null;
    unread: boolean;
    newest: boolean;
    cursor: string | null;
    limit: number;
  }): Page<InboxItem>;
  search(query: string, page: { cursor: string | null; limit: number }): Page<InboxItem>;
  mentions(memberId: string, page: { newest: boolean; cursor: string | null; limit: number }): Page<InboxItem>;
  item(inboxId: number): InboxItem | null;
  /** The files of a message that is shown, with their keys; null: no such message. */
  attachments(inboxId: number): readonly Attachment[] | null;
  /** First reading sets read_at and queues a signed `read` receipt for a dm. */
  markRead(inboxId: number, now: number): Promise<InboxItem | null>;
  addEvents(
    events: readonly { event: LocalEvent["event"]; data: Record<string, unknown> }[],
    now: number,
  ): Promise<void>;
  eventsAfter(id: number, limit: number): readonly LocalEvent[];
  newestEventId(): number;
  oldestEventId(): number;
  /** Called after commit, in id order. Returns its own removal. */
  onEvent(listener: (event: LocalEvent) => void): () => void;
  positions(): readonly Position[];
  /** Receipts not yet taken by a link, and their settlement once sent. */
  pendingReceipts(limit: number): readonly PendingReceipt[];
  receiptsSent(ids: readonly number[]): Promise<void>;
  /** Puts messages of the broker's history back that this inbox lost; answers how many were missing. Oldest first. */
  restore(items: readonly CheckedPush[], now: number): Promise<number>;
  /** Called after a commit that left a receipt which no push is behind: nothing else would send it. */
  onReceipt(listener: () => void): void;
  /** Small durable facts: last epoch seen, last instance_id, last negotiated window, directory. */
  fact(name: string): string | null;
  setFact(name: string, value: string): Promise<void>;
  prune(now: number): Promise<number>;
}

export interface InboxTally {
  readonly stored: number;
  readonly duplicates: number;
  readonly invalid: number;
  /** Kept sealed. */
  readonly undecryptable: number;
}

export interface PendingReceipt {
  readonly id: number;
  /** The message's sender. */
  readonly to: string;
  readonly item: ReceiptItem;
}

/** A push item after signature and fingerprint checks. */
export interface CheckedPush {
  readonly item: PushItem;
  readonly body: Uint8Array | null;
  readonly verified: boolean;
  /** Why it cannot be shown as a message; null when it can. */
  readonly invalid: string | null;
  /** Why it cannot be opened now, as an error code and in words, and whether a key may still come that does; null: it was. */
  readonly undecryptable: Undecryptable | null;
  readonly fromName: string | null;
  readonly topicName: string | null;
  /** Files that its sealed content tells of. Absent: none. */
  readonly attachments?: readonly Attachment[];
}

export interface Undecryptable {
  readonly code: "waits_for_key" | "membership_unexplained" | "mesh_unsealed" | "undecryptable";
  readonly reason: string;
  readonly forGood: boolean;
}

/** The mesh's membership chain as this home holds it: on disk, every entry verified (docs/security.md). */
export interface Membership {
  /** null: this home holds none, since its mesh is from before there were chains. */
  state(): MembershipState | null;
  /** Entries as they were signed, above a place (-1: all), in order. */
  entries(after: number, limit: number): readonly MembershipEntry[];
  /**
   * Brings it to the broker's head; entries of ours that the broker lost are handed in again. Resolves when nothing more can be done:
   * what keeps the two apart is then in {@link trouble}. Rejects when the link does.
   */
  follow(request: LinkRequest): Promise<void>;
  /** What keeps the broker's chain and ours apart, told loudly when it began; null: nothing. */
  trouble(): MembershipTrouble | null;
  /**
   * Signs what `content` says as this member, hands it in, and again where somebody else's entry came first. Resolves once it is in
   * force here. `log`: where the broker's log stands. Rejects with the refusals of applyEntry, before anything is sent, with those of
   * the link, and with what {@link trouble} says.
   */
  append(content: (state: MembershipState, log: LogPlace) => EntryContent): Promise<MembershipEntry>;
  /**
   * Puts a chain in force in a home that holds none: one that its user was shown and has confirmed, every entry of it verified.
   * Rejects already_exists where there is one.
   */
  pin(entries: readonly MembershipEntry[]): Promise<void>;
  /** After an entry is in force and on disk. Returns its own removal. */
  onChange(listener: (entry: MembershipEntry, state: MembershipState) => void): () => void;
}

export interface MembershipTrouble {
  readonly code:
    | "membership_forked"
    | "membership_rolled_back"
    | "membership_invalid"
    | "membership_newer"
    | "mesh_unsealed";
  readonly message: string;
  readonly hint: string;
}

/** A request frame on the live link, as {@link Link.request}. */
export type LinkRequest = (frame: { type: string } & Record<string, unknown>) => Promise<unknown>;

/** The keys that bodies are sealed by: the member's own, and those of topics and queues. */
export interface Keyring {
  /**
   * Whether something can be sealed to a destination now. If not: why, and what changes that is under way, or begins when a link
   * stands; then {@link onChange} tells.
   */
  readyFor(destination: { readonly kind: DestinationKind; readonly ref: string }): Readiness;
  /** Algorithm, key and sealed bytes of an envelope that has all but these. Call only where {@link readyFor} is ready. */
  seal(header: SealedHeader, content: Uint8Array): Pick<Envelope, "algorithm" | "sealed_to" | "body">;
  /** The content of a signed envelope's body, or why it cannot be had, and whether that may change. */
  open(envelope: Envelope, sealed: Uint8Array): Opened;
  /** Keys came, or the chain changed: what could not be sealed or opened may be now. Returns its own removal. */
  onChange(listener: () => void): () => void;
  /**
   * Makes a new epoch of a topic or queue now. `history`: as the present one says, when absent; to change it needs an owner or admin, and to
   * rotate at all nobody but guests may not. Rejects not_allowed, unknown_destination, mesh_unsealed, the broker's refusals.
   */
  rotate(
    destination: { readonly kind: "topic" | "queue"; readonly ref: string },
    history?: "all" | "joined",
  ): Promise<EpochRecord>;
  /** Asks the broker for keys, wraps for others what they lack. */
  follow(request: LinkRequest, reason?: FollowReason): Promise<void>;
  hasEpochKey(epochId: string): boolean;
  /** What a topic or queue is sealed to now, or would be if that is still fit for it; null: nobody has made a key of it, as far as is known. */
  present(destination: { readonly kind: "topic" | "queue"; readonly ref: string }): EpochRecord | null;
}

export interface FollowReason {
  /** The link is new: it is looked whether the broker still has what this member has, and what it lost is handed in again. */
  readonly opened?: boolean;
  /** Also what it should have told before is asked for, since something is sealed by a key that is not here. */
  readonly wholly?: boolean;
}

export type Readiness =
  | { readonly ready: true }
  /** `forGood`: nothing that could still come changes it. */
  | { readonly ready: false; readonly reason: RowError; readonly forGood: boolean };

export type Opened =
  | { readonly content: Uint8Array }
  /** `forGood`: no key that could still come opens it. */
  | { readonly content: null; readonly reason: string; readonly forGood: boolean };

/** What is bound to a body: everything of the envelope that its receiver is shown. */
export type SealedHeader = Omit<
  Envelope,
  "algorithm" | "sealed_to" | "body" | "request_fingerprint" | "membership_head" | "signature" | "key_id" | "sent_at"
>;

/** The supervised link to the broker. Start returns at once, online or not. */
export interface Link extends Service {
  state(): HealthView["link"];
  /** What this daemon asks of every broker, without what its rows make it ask for. */
  offered(): HelloFrame["features"];
  /** Parameters by feature; null without a link. */
  negotiated(): Readonly<Record<string, FeatureParams>> | null;
  /** Fingerprint versions, by name, that the broker was told this daemon holds rows under; empty without a link. */
  heldFingerprints(): readonly string[];
  /** What the broker answered invalidly and could be left out: a feature, or `feature.parameter`; null without a link. */
  ignored(): readonly string[] | null;
  /** Bytes that a message's body may have in this mesh, sealing taken off. */
  inlineBytes(): number;
  /** The largest file of this mesh. */
  fileBytes(): number;
  /** Members, topics and queues as last told, kept on disk; null when never seen. */
  directory(): Directory | null;
  /**
   * The directory, asked for anew if the broker answers and was not asked within the last second: news of a name may have been lost.
   * Never rejects.
   */
  freshDirectory(): Promise<Directory | null>;
  /**
   * A request frame on the live link; rejects broker_unreachable, timed_out or the broker's error. `gone`: whoever waits
   * for a claim has gone, so the broker is told; what it leased before it heard of that is still answered.
   */
  request(frame: { type: string } & Record<string, unknown>, gone?: AbortSignal): Promise<unknown>;
  voidIds(wireIds: readonly string[]): Promise<readonly VoidAnswer[]>;
}

export interface Directory {
  /** When the broker told it; absent in one that an older version kept. */
  readonly told_at?: string;
  readonly members: readonly MemberInfo[];
  /** member_ids of ephemeral members that the broker has forgotten; absent where it tells of none. */
  readonly expired?: readonly string[];
  /** Every name that was ever given, in small letters, with whose it is; absent without a membership chain. */
  readonly names?: ReadonlyMap<string, string>;
  readonly topics: readonly {
    readonly topic_id: string;
    readonly name: string;
    readonly subscribers: number;
    readonly subscribed: boolean;
    /** Absent in what an older version kept, or an older broker told: not open. */
    readonly unsealed?: boolean;
    readonly unsealed_through?: number;
  }[];
  /** Absent in one that an older version kept. */
  readonly queues?: readonly {
    readonly name: string;
    readonly unsealed?: boolean;
    readonly unsealed_through?: number;
  }[];
}
