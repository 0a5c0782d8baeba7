import { limits } from "../protocol/limits.ts";
import type {
  ClaimedMessage,
  DeadLetter,
  HealthView,
  HistoryItem,
  InboxItem,
  InviteMade,
  InviteView,
  LeaseEnded,
  LeaseExtended,
  LocalEvent,
  MessageView,
  OutboxRowView,
  OutboxStatus,
  QueueDeleted,
  QueueView,
  ReceiptStage,
  Requeued,
  SendResult,
  TopicMemberView,
  TopicKeyView,
  TopicView,
  UndecryptableView,
} from "../protocol/local-api.ts";
import type { VersionView } from "../protocol/version-api.ts";
import type { ReloadView, TokenRotatedView } from "../protocol/settings-api.ts";
import type { SealDone, SealPlan, MemberList, MemberView } from "../protocol/membership-api.ts";
import { type AgentsClient, agentsClient } from "./agents.ts";
import { type CallRequest, call, callItems, callPage, callText, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import { events, type EventsOptions } from "./events.ts";
import { type FileCalls, fileCalls } from "./files.ts";
import { type HooksClient, hooksClient } from "./hooks.ts";
import type { HttpClient } from "./http/http-client.ts";
import { type KeypairClient, keypairClient } from "./keypair.ts";
import { type MembershipClient, membershipClient } from "./membership.ts";
import { type OfferCalls, offerCalls } from "./offers.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { type Paged, paged } from "./paged.ts";
import { type WorkHandler, type WorkOptions, work } from "./queue-work.ts";
import { reply, type ReplyMessage } from "./reply.ts";
import { requeueCall, send } from "./send.ts";
import { waitFor, type WaitOptions } from "./wait-for.ts";

/** A daemon's local API. Every call throws ClaudemeshError; not_running when no daemon answers. */
export interface Client {
  /**
   * Resolves once the message is on disk here. Without `client_message_id` one is made, so that what fails on the way
   * can be repeated with the same id: a retry never sends twice. An error that leaves open whether the daemon has it
   * carries the id in `details.client_message_id`. With `wait` it resolves once that stage is true, and
   * throws as {@link Client.waitFor} does; the time limit is then that of both.
   */
  send(message: OutgoingMessage, options: SendOptions & { readonly wait: ReceiptStage }): Promise<SentMessage>;
  send(message: OutgoingMessage, options?: SendOptions): Promise<SendResult>;
  /**
   * Answers a message of the inbox: to the agent that sent it and, unless `from_agent` says otherwise, from the one that
   * it was sent to. Once the answer is on disk here the message is marked read. Everything else is as in {@link Client.send}.
   */
  reply(
    inboxId: number,
    message: ReplyMessage,
    options: SendOptions & { readonly wait: ReceiptStage },
  ): Promise<SentMessage>;
  reply(inboxId: number, message: ReplyMessage, options?: SendOptions): Promise<SendResult>;
  /** State and receipts, by outbox_id, the sender's id or the id on the wire. */
  message(id: string, options?: CallOptions): Promise<MessageView>;
  /** Resolves when the stage is true. Throws timed_out, or the reason when the message ended dead or aborted. */
  waitFor(id: string, stage: ReceiptStage, options?: WaitOptions): Promise<MessageView>;
  readonly outbox: {
    list(filter?: OutboxFilter, options?: CallOptions): Paged<OutboxRowView>;
    inspect(outboxId: number, options?: CallOptions): Promise<OutboxRowView>;
    requeue(outboxId: number, change?: OutboxChange, options?: CallOptions): Promise<OutboxRowView>;
    drop(outboxId: number, choice?: { force?: boolean }, options?: CallOptions): Promise<OutboxRowView>;
  };
  readonly inbox: {
    list(filter?: InboxFilter, options?: CallOptions): Paged<InboxItem>;
    search(query: string, page?: PageChoice, options?: CallOptions): Paged<InboxItem>;
    mentions(page?: PageChoice & { readonly newest?: boolean }, options?: CallOptions): Paged<InboxItem>;
    /** What was received and cannot be opened, in order of arrival. */
    undecryptable(page?: PageChoice, options?: CallOptions): Paged<UndecryptableView>;
    item(inboxId: number, options?: CallOptions): Promise<InboxItem>;
    markRead(inboxId: number, options?: CallOptions): Promise<InboxItem>;
  };
  /** The broker's copy, newest first: `#topic`, or `dm` for this member's own direct messages. Needs the link. */
  history(address: string, page?: PageChoice, options?: CallOptions): Paged<HistoryItem>;
  /** Of what the broker keeps, what mentions this member, newest first, whichever host received it. Needs the link. */
  mentionHistory(page?: PageChoice, options?: CallOptions): Paged<HistoryItem>;
  /** What happens at the daemon, each event once; survives its restart. */
  events(options?: EventsOptions): AsyncGenerator<LocalEvent, void, undefined>;
  readonly topics: {
    list(options?: CallOptions): Promise<readonly TopicView[]>;
    create(name: string, options?: CallOptions): Promise<TopicView>;
    join(name: string, options?: CallOptions): Promise<TopicView>;
    leave(name: string, options?: CallOptions): Promise<TopicView>;
    /** A new key, from now on. */
    rotate(name: string, choice?: { history?: "all" | "joined" }, options?: CallOptions): Promise<TopicKeyView>;
    /** Who is subscribed, asked of the broker now. */
    members(name: string, options?: CallOptions): Promise<readonly TopicMemberView[]>;
    /** Owners and admins: whether API keys may hand in what nobody has sealed. */
    setPolicy(name: string, policy: { readonly unsealed: boolean }, options?: CallOptions): Promise<TopicView>;
  };
  /** Work that one consumer takes at a time. All but sending needs the link to the broker. */
  readonly queues: {
    list(options?: CallOptions): Promise<readonly QueueView[]>;
    create(name: string, choice?: { deliveries_max?: number }, options?: CallOptions): Promise<QueueView>;
    show(name: string, options?: CallOptions): Promise<QueueView>;
    /** A new key, from now on. */
    rotate(name: string, choice?: { history?: "all" | "joined" }, options?: CallOptions): Promise<TopicKeyView>;
    /** Owners and admins: whether API keys may hand in what nobody has sealed. */
    setPolicy(name: string, policy: { readonly unsealed: boolean }, options?: CallOptions): Promise<QueueView>;
    /** By force also what nobody has acknowledged is given up; its senders are told. */
    delete(name: string, choice?: { force?: boolean }, options?: CallOptions): Promise<QueueDeleted>;
    /**
     * Takes messages under a lease; none when nothing came within `wait_s`. Not repeated by itself: what a lost answer
     * held comes again once its lease is over.
     */
    claim(name: string, choice?: ClaimChoice, options?: CallOptions): Promise<readonly ClaimedMessage[]>;
    /** The message is done with. Throws lease_lost once the lease is over. */
    ack(name: string, leaseId: string, options?: CallOptions): Promise<LeaseEnded>;
    nack(
      name: string,
      leaseId: string,
      choice?: { delay_s?: number; reason?: string },
      options?: CallOptions,
    ): Promise<LeaseEnded>;
    extend(name: string, leaseId: string, choice?: { lease_s?: number }, options?: CallOptions): Promise<LeaseExtended>;
    dead(name: string, page?: PageChoice, options?: CallOptions): Paged<DeadLetter>;
    /** Dead letters by their history_id, or all of them; answers how many. */
    requeue(name: string, choice?: { history_ids?: readonly number[] }, options?: CallOptions): Promise<number>;
    /**
     * Works on one message after the other until the signal: acknowledged when `handler` resolves, given back when it
     * throws, the lease extended as long as it runs. A daemon or broker that is away is waited for. Answers how many
     * were acknowledged; throws what repeating cannot mend.
     */
    work(name: string, handler: WorkHandler, options?: WorkOptions): Promise<number>;
  };
  readonly invites: {
    /** Not repeated by itself: each call makes another one. */
    create(request?: InviteRequest, options?: CallOptions): Promise<InviteMade>;
    list(options?: CallOptions): Promise<readonly InviteView[]>;
    revoke(inviteId: string, options?: CallOptions): Promise<InviteView>;
  };
  readonly files: FileCalls;
  /** How a mesh from before encryption gets its membership. */
  readonly meshSeal: {
    plan(options?: CallOptions): Promise<SealPlan>;
    /** `digest` of the plan that the user has confirmed. */
    seal(digest: string, options?: CallOptions): Promise<SealDone>;
  };
  members(options?: CallOptions): Promise<readonly MemberView[]>;
  /** The same with the time at which the broker told of them; `ended`: also those who left or were revoked. */
  memberList(options?: CallOptions & { readonly ended?: boolean }): Promise<MemberList>;
  readonly agents: AgentsClient & OfferCalls;
  readonly membership: MembershipClient;
  readonly keypair: KeypairClient;
  readonly hooks: HooksClient;
  health(options?: CallOptions): Promise<HealthView>;
  version(options?: CallOptions): Promise<VersionView>;
  /** Prometheus text. */
  metrics(options?: CallOptions): Promise<string>;
  /** Has the daemon read its settings again, the link left as it is. Throws invalid_config, and then nothing has changed. */
  reload(options?: CallOptions): Promise<ReloadView>;
  /** Has the daemon make a new token for its TCP listener. Not repeated by itself: each call makes another one. */
  rotateToken(options?: CallOptions): Promise<TokenRotatedView>;
  /** Asks the daemon to stop; it does so after answering. */
  shutdown(options?: CallOptions): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

export interface SendOptions extends CallOptions {
  readonly wait?: ReceiptStage;
}

/** What a send answered, and the message as it was when its stage was reached. */
export interface SentMessage extends SendResult {
  readonly message: MessageView;
}

export interface PageChoice {
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
  readonly limit?: number;
}

export interface OutboxFilter extends PageChoice {
  readonly state?: OutboxStatus;
}

/** New id for the row that replaces the old one, and fields of the old request that change. */
export interface OutboxChange {
  readonly new_id?: string;
  readonly patch?: Partial<Pick<OutgoingMessage, "message" | "body" | "content_type" | "meta" | "priority">>;
}

export interface ClaimChoice {
  /** Default 1. */
  readonly limit?: number;
  /** Default 60. */
  readonly lease_s?: number;
  /** Default 0: what is there, or nothing. */
  readonly wait_s?: number;
}

export interface InviteRequest {
  /** Default 7 days. */
  readonly expires_in_s?: number;
  /** Default 1. */
  readonly uses?: number;
  /** Default member. */
  readonly role?: MemberView["role"];
  /** One of the broker's own addresses, `host:port`. */
  readonly address?: string;
}

export interface InboxFilter extends PageChoice {
  /** Rows after this inbox_id. */
  readonly since?: number;
  readonly topic?: string;
  readonly from?: string;
  readonly agent?: string;
  readonly unread?: boolean;
  /** Newest first instead of in order of arrival. */
  readonly newest?: boolean;
}

export function createClient(http: HttpClient): Client {
  const get = <T>(
    path: string,
    query: Readonly<Record<string, string | number | boolean | undefined>>,
    options?: CallOptions,
  ): Promise<T> => call<T>(http, { method: "GET", path, query, repeatable: true }, options);
  const post = <T>(path: string, body: unknown, repeatable: boolean, options?: CallOptions): Promise<T> =>
    call<T>(http, { method: "POST", path, body, repeatable }, options);
  const items = <T>(path: string, options?: CallOptions): Promise<readonly T[]> =>
    callItems<T>(http, { method: "GET", path, repeatable: true }, options);
  const pages = <T>(
    path: string,
    query: PageChoice & NonNullable<CallRequest["query"]>,
    options?: CallOptions,
  ): Paged<T> =>
    paged((next) =>
      callPage<T>(http, { method: "GET", path, query: { ...query, ...next }, repeatable: true }, options),
    );
  const topicPath = (name: string, part: string): string => `/v1/topics/${segment(name.replace(/^#/, ""))}/${part}`;

  const queuePath = (name: string, part = ""): string => `/v1/queues/${segment(name.replace(/^queue:/, ""))}${part}`;

  const client: Client = {
    send: ((message, options) => send(client, http, message, options)) as Client["send"],
    reply: ((inboxId, message, options) => reply(client, inboxId, message, options)) as Client["reply"],
    message: (id, options) => get(`/v1/messages/${segment(id)}`, {}, options),
    waitFor: (id, stage, options) => waitFor(client, id, stage, options),
    outbox: {
      list: (filter, options) => pages("/v1/outbox", { ...filter }, options),
      inspect: (outboxId, options) => get(`/v1/outbox/${segment(outboxId)}`, {}, options),
      requeue: async (outboxId, change, options) => call(http, requeueCall(outboxId, change), options),
      drop: (outboxId, choice, options) => post(`/v1/outbox/${segment(outboxId)}/drop`, choice ?? {}, false, options),
    },
    inbox: {
      list: (filter, options) => pages("/v1/inbox", { ...filter }, options),
      search: (q, page, options) => pages("/v1/inbox/search", { q, ...page }, options),
      mentions: (page, options) => pages("/v1/mentions", { ...page }, options),
      undecryptable: (page, options) => pages("/v1/inbox/undecryptable", { ...page }, options),
      item: (inboxId, options) => get(`/v1/inbox/${segment(inboxId)}`, {}, options),
      markRead: (inboxId, options) => post(`/v1/inbox/${segment(inboxId)}/read`, {}, true, options),
    },
    history: (address, page, options) => pages("/v1/history", { address, ...page }, options),
    mentionHistory: (page, options) => pages("/v1/history/mentions", { ...page }, options),
    events: (options) => events(http, options),
    topics: {
      list: (options) => items("/v1/topics", options),
      create: (name, options) => post("/v1/topics", { name: name.replace(/^#/, "") }, false, options),
      join: (name, options) => post(topicPath(name, "subscribe"), {}, true, options),
      leave: (name, options) => post(topicPath(name, "unsubscribe"), {}, true, options),
      rotate: (name, choice, options) => post(topicPath(name, "rotate"), choice ?? {}, false, options),
      setPolicy: (name, policy, options) => post(topicPath(name, "policy"), policy, true, options),
      members: (name, options) => items(topicPath(name, "members"), options),
    },
    queues: {
      list: (options) => items("/v1/queues", options),
      create: (name, choice, options) =>
        post("/v1/queues", { name: name.replace(/^queue:/, ""), ...choice }, false, options),
      show: (name, options) => get(queuePath(name), {}, options),
      rotate: (name, choice, options) => post(queuePath(name, "/rotate"), choice ?? {}, false, options),
      setPolicy: (name, policy, options) => post(queuePath(name, "/policy"), policy, true, options),
      delete: (name, choice, options) => post(queuePath(name, "/delete"), choice ?? {}, false, options),
      claim: (name, choice = {}, options = {}) => {
        const timeoutMs = options.timeoutMs ?? limits.requestTimeoutMs * 2 + (choice.wait_s ?? 0) * 1_000;
        const request = { method: "POST", path: queuePath(name, "/claim"), body: choice, repeatable: false } as const;
        return callItems(http, request, { ...options, timeoutMs });
      },
      ack: (name, lease_id, options) => post(queuePath(name, "/ack"), { lease_id }, true, options),
      nack: (name, lease_id, choice, options) =>
        post(queuePath(name, "/nack"), { lease_id, ...choice }, false, options),
      extend: (name, lease_id, choice, options) =>
        post(queuePath(name, "/extend"), { lease_id, ...choice }, true, options),
      dead: (name, page, options) => pages(queuePath(name, "/dead"), { ...page }, options),
      requeue: async (name, choice, options) =>
        (await post<Requeued>(queuePath(name, "/requeue"), choice ?? {}, false, options)).requeued,
      work: (name, handler, options) => work(client, name, handler, options),
    },
    invites: {
      create: (request, options) => post("/v1/invites", request ?? {}, false, options),
      list: (options) => items("/v1/invites", options),
      revoke: (inviteId, options) => post(`/v1/invites/${segment(inviteId)}/revoke`, {}, true, options),
    },
    files: fileCalls(http),
    meshSeal: {
      plan: (options) => get("/v1/membership/seal", {}, options),
      seal: (digest, options) => post("/v1/membership/seal", { digest }, true, options),
    },
    members: async (options) => (await client.memberList(options)).items,
    memberList: ({ ended, ...options } = {}) => get("/v1/members", { ended }, options),
    agents: { ...agentsClient(http), ...offerCalls(http) },
    membership: membershipClient(http),
    keypair: keypairClient(http),
    hooks: hooksClient(http),
    health: (options) => get("/v1/health", {}, options),
    version: (options) => get("/v1/version", {}, options),
    metrics: (options) => callText(http, { method: "GET", path: "/v1/metrics", repeatable: true }, options),
    reload: (options) => post("/v1/reload", {}, true, options),
    rotateToken: (options) => post("/v1/token/rotate", {}, false, options),
    shutdown: async (options) =>
      void (await callText(http, { method: "POST", path: "/v1/shutdown", body: {}, repeatable: false }, options)),
    close: () => http.close(),
  };
  return client;
}
