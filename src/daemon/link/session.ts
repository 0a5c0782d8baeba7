import type WebSocket from "ws";
import type { Timer } from "../../base/clock.ts";
import { createTogether } from "../../base/in-turn.ts";
import type { AgentsTold } from "../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { frameText, parseBrokerFrame } from "../../protocol/frame-check.ts";
import type {
  BrokerFrame,
  ErrorFrame,
  EventFrame,
  HelloAckFrame,
  ReceiptFrame,
  VoidAnswer,
} from "../../protocol/frames.ts";
import type { NoticesFrame } from "../../protocol/notice-frames.ts";
import type { Agreement } from "../../protocol/judge-features.ts";
import { limits } from "../../protocol/limits.ts";
import { agentNews } from "./agent-news.ts";
import { announceKeys } from "./announce-keys.ts";
import { createChainFollower } from "./chain-follower.ts";
import { createDrain } from "./drain.ts";
import { noticeEvent } from "./notice-event.ts";
import { createMemberKeys } from "./member-keys.ts";
import type { OpeningContext } from "./opening.ts";
import { createKeyFollower } from "./key-follower.ts";
import { createNewsFirst } from "./news-first.ts";
import { createPushCheck } from "./push-check.ts";
import { createPushes } from "./pushes.ts";
import { farewellIn } from "./close-reaction.ts";
import { watchSilence } from "./silence-watch.ts";
import { tellConcurrency } from "./tell-concurrency.ts";
import { tellOfMember } from "./tell-of-member.ts";
import { takeReceipts } from "./receipts-in.ts";
import { createAgentsTeller } from "./tell-agents.ts";
import { createReceiptsOut } from "./receipts-out.ts";

/** An open link, from hello_ack to its end. */
export interface Session {
  readonly connectionId: string;
  /** False: another daemon of this member receives; nothing is pushed here. */
  readonly receives: boolean;
  readonly params: Agreement["params"];
  readonly ignored: Agreement["ignored"];
  /** As the hello told them. */
  readonly heldFingerprints: readonly string[];
  readonly inlineBytes: number;
  readonly closed: Promise<SessionEnd>;
  /** Starts the traffic. True once names are known, the log's epoch is followed and rows move; false when the link ended first. */
  begin(): Promise<boolean>;
  /** There may be rows to send. */
  wake(): void;
  /** There may be receipts to send. */
  wakeReceipts(): void;
  request(frame: { type: string } & Record<string, unknown>, gone?: AbortSignal): Promise<unknown>;
  voidIds(wireIds: readonly string[]): Promise<readonly VoidAnswer[]>;
  refreshDirectory(): Promise<void>;
  close(): void;
  terminate(): void;
}

interface SessionEnd {
  readonly code: number;
  readonly reason: string;
  /** The error frame that went before the close. */
  readonly farewell: ErrorFrame | null;
  /** Why this daemon ended it: what arrived could not be read or stored. Dialling again at once would meet the same. */
  readonly fault: ClaudemeshError | null;
}

/** What the hello told that may be others by now. */
export interface HelloTold {
  readonly heldFingerprints: readonly string[];
  readonly agents: AgentsTold;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer;
}

const epochFact = "log_epoch";

export function createSession(
  context: OpeningContext,
  socket: WebSocket,
  ack: HelloAckFrame,
  { params, ignored }: Agreement,
  { heldFingerprints, agents: agentsInHello }: HelloTold,
  early: string[],
): Session {
  const { clock, inbox, outbox, log } = context;
  const waiting = new Map<number, Waiting>();
  const inlineBytes = Math.min(ack.limits.inline_bytes, limits.inlineBytes);
  const keyOf = createMemberKeys();
  let nextId = 1;
  let following: Promise<void> = Promise.resolve();
  let heardAt = clock.now();
  let ended = false;
  /** As if the broker had closed the link so. */
  let verdict: { readonly code: number; readonly reason: string } | null = null;
  let farewell: ErrorFrame | null = null;
  let fault: ClaudemeshError | null = null;

  const send = (frame: object): void => {
    if (!ended) socket.send(JSON.stringify(frame));
  };
  const takeId = (): number => nextId++;

  function request(frame: { type: string } & Record<string, unknown>, gone?: AbortSignal): Promise<unknown> {
    if (ended) return Promise.reject(new ClaudemeshError("broker_unreachable", "the link has just closed"));
    const id = takeId();
    // A claim may wait for its message before it is answered.
    const timeoutMs = limits.requestTimeoutMs + Number(frame["wait_ms"] ?? 0);
    const cancel = (): void => {
      if (waiting.has(id)) send({ type: "claim_cancel", claim: id });
    };
    gone?.addEventListener("abort", cancel, { once: true });
    return new Promise((resolve, reject) => {
      const timer = clock.after(timeoutMs, () => {
        waiting.delete(id);
        reject(new ClaudemeshError("timed_out", `the broker did not answer ${frame.type} within ${timeoutMs} ms`));
      });
      waiting.set(id, { resolve, reject, timer });
      send({ ...frame, id });
    });
  }

  function settle(id: number | undefined, apply: (request: Waiting) => void): void {
    const found = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || found === undefined) return;
    waiting.delete(id);
    found.timer.cancel();
    apply(found);
  }

  const drain = createDrain({
    ...context,
    send,
    takeId,
    frameBytes: ack.limits.frame_bytes,
    frameItems: ack.limits.frame_items,
    terminate: () => socket.terminate(),
  });
  const receipts = createReceiptsOut(context, request);
  // When all of a large mesh come back at once, each of them is an event, and all are told by one answer.
  const refreshDirectory = createTogether(async () => {
    await tellingOfAgents(() => context.directory.refresh((frame) => request(frame)));
    // A topic that a row waits for may have been told.
    outbox.keysChanged();
  });
  const agentsTeller = createAgentsTeller(context, request, agentsInHello);
  async function tellingOfAgents<T>(change: () => Promise<T>): Promise<T> {
    const { directory, identity } = context;
    const before = directory.current();
    const changed = await change();
    const news = agentNews(before, directory.current(), identity.memberId);
    if (news.length > 0) await inbox.addEvents(news, clock.now());
    return changed;
  }
  const followKeys = createKeyFollower(context.keyring, request);
  const chain = createChainFollower(context, request, (code, reason) => {
    verdict ??= { code, reason };
    socket.terminate();
  });

  const onPush = createPushes({
    inbox,
    clock,
    log,
    ...(context.count === undefined ? {} : { count: context.count }),
    check: createPushCheck(context, keyOf),
    news: createNewsFirst(context, request, refreshDirectory),
    send,
    stored: () => receipts.wake(),
  });

  async function onReceipt(frame: ReceiptFrame): Promise<void> {
    const result = await takeReceipts(frame, context, request, keyOf);
    send({ type: "reply", id: frame.id, result });
  }

  async function onNotices(frame: NoticesFrame): Promise<void> {
    const now = clock.now();
    await inbox.addEvents(
      frame.items.map((item) => noticeEvent(item, now, (wireId) => outbox.message(wireId))),
      now,
    );
    send({ type: "reply", id: frame.id, result: {} });
  }

  async function onEvent(frame: EventFrame): Promise<void> {
    const now = clock.now();
    switch (frame.event) {
      case "membership_changed":
        return chain.told(frame.head);
      case "member_joined":
      case "member_left":
        // Who belongs to a mesh with a chain is told from there: a broker's word for it is worth nothing.
        if (context.membership.state() !== null) return refreshDirectory();
        await inbox.addEvents([{ event: frame.event, data: { ...frame.member } }], now);
        return refreshDirectory();
      case "member_online":
      case "member_offline":
      case "topic_created":
      case "topic_changed":
      case "topic_deleted":
      case "queue_created":
      case "queue_changed":
      case "queue_deleted":
        return refreshDirectory();
      case "agents_changed": {
        const isKnown = await tellingOfAgents(() => context.directory.agentsChanged(frame.member_id, frame));
        return isKnown ? undefined : refreshDirectory();
      }
      case "member_kicked":
      case "member_clone_suspected":
        await tellOfMember(frame, context);
        return refreshDirectory();
      case "topic_progress":
        return outbox.applyProgress(frame.client_message_id, { reached: frame.reached, of: frame.of });
      case "keys_changed":
      case "keys_wanted":
        return followKeys();
      case "log_epoch_changed":
        return followEpoch(frame.log);
      case "member_concurrent_connection":
      case "concurrency_changed":
        return tellConcurrency(frame, context);
    }
  }

  /** One at a time: told twice of one break, the daemon acts and tells of it once. */
  function followEpoch(state: HelloAckFrame["log"]): Promise<void> {
    following = following.then(() => follow(state));
    return following;
  }

  /** The log lost commits since this daemon last saw it: what it sent above the common prefix goes out again. */
  async function follow(state: HelloAckFrame["log"]): Promise<void> {
    const known = Number(inbox.fact(epochFact) ?? 0);
    if (state.epoch === known) return;
    if (known !== 0 && state.epoch > known) {
      const reopened = await outbox.reopenAfterBreak(state.breaks, clock.now());
      log.error(
        { epoch: state.epoch, before: known, breaks: state.breaks, sent_again: reopened },
        "THE BROKER'S LOG LOST COMMITTED MESSAGES; what this host had sent is sent again",
      );
      await inbox.addEvents(
        [
          {
            event: "log_epoch_changed",
            data: { epoch: state.epoch, before: known, breaks: state.breaks, sent_again: reopened },
          },
        ],
        clock.now(),
      );
    }
    await inbox.setFact(epochFact, String(state.epoch));
  }

  function handle(frame: BrokerFrame): Promise<void> | void {
    switch (frame.type) {
      case "send_ack":
        return drain.answered(frame);
      case "push":
        return onPush(frame);
      case "receipt":
        return onReceipt(frame);
      case "notices":
        return onNotices(frame);
      case "void_ack":
        return settle(frame.id, ({ resolve }) => resolve(frame.items));
      case "reply":
        return settle(frame.id, ({ resolve }) => resolve(frame.result));
      case "event":
        return onEvent(frame);
      case "error":
        if (frame.closes) farewell = frame;
        if (frame.id === undefined)
          log.warn({ code: frame.code, message: frame.message, details: frame.details }, "the broker reports an error");
        return settle(frame.id, ({ reject }) =>
          reject(ClaudemeshError.fromWire(frame.code, frame.message, frame.details ?? {})),
        );
      case "challenge":
      case "hello_ack":
        throw new ClaudemeshError("protocol_error", `the broker sent ${frame.type} on an open link`);
    }
  }

  function onText(text: string): void {
    heardAt = clock.now();
    try {
      const pending = handle(parseBrokerFrame(text));
      if (pending !== undefined) pending.catch(failed);
    } catch (error) {
      const known = ClaudemeshError.from(error);
      // A newer broker may say more than we know; anything else that cannot be read ends the link.
      if (known.details["unknown_type"] !== undefined)
        log.debug({ type: known.details["unknown_type"] }, "unknown frame ignored");
      else failed(error);
    }
  }

  /** What arrived could not be stored or understood: without acknowledging anything, start over from the cursor. */
  function failed(error: unknown): void {
    if (ended || fault !== null) return;
    fault = ClaudemeshError.from(error);
    log.warn({ error: String(error) }, "the link is given up and dialled again");
    socket.terminate();
  }

  const silence = watchSilence(context, socket, () => heardAt);

  const closed = new Promise<SessionEnd>((resolve) => {
    socket.once("close", (code, reason) => {
      ended = true;
      silence.stop();
      receipts.closed();
      agentsTeller.closed();
      chain.closed();
      for (const [id, request] of waiting) {
        waiting.delete(id);
        request.timer.cancel();
        request.reject(new ClaudemeshError("broker_unreachable", "the link closed before the answer came"));
      }
      // It may have come before the traffic began.
      for (const text of early) farewell ??= farewellIn(text);
      const end = verdict ?? { code, reason: reason.toString("utf8") };
      // The rows are back in the queue before the supervisor dials again.
      void drain.closed().then(() => resolve({ ...end, farewell, fault }));
    });
  });
  const hear = () => {
    heardAt = clock.now();
  };
  socket
    .on("ping", hear)
    .on("pong", hear)
    .on("error", () => undefined);
  // Before begin() frames only wait: one that is handled ahead of an earlier one could acknowledge over it.
  let begun = false;
  socket.on("message", (data, binary) => {
    try {
      const text = frameText(data, binary);
      if (begun) onText(text);
      else early.push(text);
    } catch (thrown) {
      failed(thrown);
    }
  });

  return {
    connectionId: ack.connection_id,
    receives: ack.receives !== false,
    params,
    ignored,
    heldFingerprints,
    inlineBytes,
    closed,
    async begin() {
      begun = true;
      for (const text of early.splice(0)) onText(text);
      try {
        await followEpoch(ack.log);
        await chain.told(ack.membership ?? null);
        if (context.keysToAnnounce !== undefined && context.membership.state() === null)
          void announceKeys(context.keysToAnnounce, request, log);
        await refreshDirectory();
        await context.keyring.follow(request, { opened: true, wholly: inbox.undecryptableCount() > 0 });
        await drain.open();
      } catch (error) {
        failed(error);
        return false;
      }
      receipts.wake();
      agentsTeller.start();
      return true;
    },
    wake: () => drain.wake(),
    wakeReceipts: () => receipts.wake(),
    request,
    voidIds: async (wireIds) => (await request({ type: "void", items: [...wireIds] })) as readonly VoidAnswer[],
    refreshDirectory,
    close() {
      socket.close(1000, "stopping");
      clock.after(1_000, () => socket.terminate());
    },
    terminate: () => socket.terminate(),
  };
}
