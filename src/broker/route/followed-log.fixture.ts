import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import type { DestinationKey, PushItem } from "../../protocol/frames.ts";
import type { CommittedMessage } from "../accept/accept-batch.ts";
import { type BrokerLimits, defaultBrokerLimits } from "../broker-limits.ts";
import { type BrokerMetrics, createBrokerMetrics } from "../metrics.ts";
import type { BrokerStore, CursorRow, LogMessage, RoutedDestination, RoutedMessage } from "../store/store.ts";
import { openDestinations } from "./open-destinations.ts";
import { createPump, type Pump } from "./pump.ts";
import { dmKey, routeKey, topicKey } from "./push-entry.ts";
import { createRouter } from "./router.ts";

/** What was written down of one committed batch, for whoever hears of it. */
export interface Batch {
  readonly first: number;
  readonly last: number;
  readonly keys: readonly string[];
  readonly messages: readonly CommittedMessage[];
}

/** A store call whose answer a test decides. */
export interface Asked {
  readonly call: string;
  /** The state that it sees is that of the call, or of the answer. */
  answer(how: "then" | "now" | "failed"): void;
}

export interface ModelLink {
  readonly member: string;
  readonly pump: Pump;
  /** Sequence numbers by destination, as pushed. */
  readonly pushed: Map<DestinationKey, number[]>;
  /** Cursors that the link began with. */
  readonly from: ReadonlyMap<DestinationKey, number>;
  open: boolean;
}

const meshId = "mesh";
/** Bounds so small that a short run passes all of them. */
const limits: BrokerLimits = {
  ...defaultBrokerLimits,
  pushWindowItems: 6,
  tailItemsMax: 12,
  followItemsMax: 3,
  frameItemsMax: 4,
};

/**
 * One mesh's log in memory, to which several brokers append, and one broker's router and pumps over it, as they are. Every answer
 * of the store waits for the test.
 */
export function followedLog(metrics: BrokerMetrics = createBrokerMetrics(), bounds: Partial<BrokerLimits> = {}) {
  const clock = createManualClock();
  const all = { ...limits, ...bounds };
  const log: RoutedMessage[] = [];
  const asked: Asked[] = [];
  const counts = new Map<string, number>();
  const cursors = new Map<string, number>();
  const intervals: { member: string; topic: string; first: number; last: number | null }[] = [];
  const cursorKey = (member: string, key: DestinationKey): string => `${member} ${key}`;

  /** `see` is given how much of the log there is. */
  function ask<T>(call: string, see: (head: number) => T): Promise<T> {
    counts.set(call, (counts.get(call) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      const then = see(log.length);
      const waiting: Asked = {
        call,
        answer(how) {
          asked.splice(asked.indexOf(waiting), 1);
          if (how === "failed") reject(new Error("the store is away"));
          else resolve(how === "then" ? then : see(log.length));
        },
      };
      asked.push(waiting);
    });
  }

  const within = (member: string, { routed, seq }: RoutedMessage): boolean =>
    routed.kind !== "topic" ||
    intervals.some(
      (one) =>
        one.member === member &&
        one.topic === routed.topic_id &&
        seq > one.first &&
        (one.last === null || seq <= one.last),
    );

  function cursorsOf(member: string): CursorRow[] {
    const rows: CursorRow[] = [{ destination: dmKey, seq: cursors.get(cursorKey(member, dmKey)) ?? 0, lastSeq: null }];
    for (const topic of new Set(intervals.filter((one) => one.member === member).map((one) => one.topic))) {
      const lastSeq = intervals.findLast((one) => one.member === member && one.topic === topic)?.last ?? null;
      const seq = cursors.get(cursorKey(member, topicKey(topic))) ?? 0;
      if (lastSeq === null || lastSeq > seq) rows.push({ destination: topicKey(topic), seq, lastSeq });
    }
    return rows;
  }

  const owed = (member: string, key: DestinationKey, afterSeq: number, toSeq: number): RoutedMessage[] =>
    log.filter(
      (message) =>
        message.seq > afterSeq &&
        message.seq <= toSeq &&
        (key === dmKey
          ? routeKey(message.routed) === `dm:${member}`
          : message.destination === key && message.envelope.sender !== member && within(member, message)),
    );

  const store = {
    readLog: (_mesh: string, range: { afterSeq: number; toSeq: number; limitItems: number }) =>
      ask("readLog", (head) => log.slice(range.afterSeq, Math.min(range.toSeq, head)).slice(0, range.limitItems)),
    read: (_mesh: string, member: string, key: DestinationKey, range: { afterSeq: number; limitItems: number }) =>
      ask("read", (head): LogMessage[] => owed(member, key, range.afterSeq, head).slice(0, range.limitItems)),
    cursors: (_mesh: string, member: string) => ask("cursors", () => cursorsOf(member)),
    log: () => ask("log", (head) => ({ epoch: 1, head, breaks: [] })),
    async acknowledge(
      _mesh: string,
      member: string,
      _epoch: number,
      acks: readonly { destination: string; seq: number }[],
    ) {
      await ask("acknowledge", () => null);
      for (const { destination, seq } of acks) {
        const key = cursorKey(member, destination);
        cursors.set(key, Math.max(cursors.get(key) ?? 0, seq));
      }
      return true;
    },
  } as unknown as BrokerStore;
  const router = createRouter({ store, log: silentLog, limits: all });

  return {
    clock,
    log,
    asked,
    counts,
    router,
    owed,
    /** As a broker's accept does: numbered in one piece. */
    append(items: readonly { sender: string; to: RoutedDestination }[]): Batch {
      const messages = items.map(({ sender, to }): CommittedMessage => {
        const seq = log.length + 1;
        const message = messageAt(seq, sender, to);
        log.push(message);
        return {
          item: { envelope: message.envelope },
          outcome: { kind: "accepted", seq, epoch: 1, destination: to, position: message.position },
          broker_message_id: message.broker_message_id,
          accepted_at: 0,
        } as unknown as CommittedMessage;
      });
      const keys = [...new Set(items.map(({ to }) => routeKey(to)))];
      return { first: log.length - items.length + 1, last: log.length, keys, messages };
    },
    committed: (batch: Batch) => router.committed(meshId, batch.messages),
    announced: ({ first, last, keys }: Batch) => router.reached(meshId, { first, last, keys }),
    swept: () => router.reached(meshId, { first: log.length, last: log.length, keys: null }),
    lost: () => router.uncertain(meshId),
    attach(member: string): ModelLink {
      const pushed: ModelLink["pushed"] = new Map();
      const route = router.mesh(meshId);
      const pump = createPump(
        {
          meshId,
          memberId: member,
          linkEpoch: 1,
          life: "life",
          inlineBytes: 65_536,
          sendText(json) {
            for (const { destination, seq } of (JSON.parse(json) as { items: PushItem[] }).items)
              pushed.set(destination, [...(pushed.get(destination) ?? []), seq]);
          },
          superseded: () => undefined,
        },
        {
          store,
          clock,
          log: silentLog,
          metrics,
          limits: all,
          tail: route.tail,
          head: route.head,
          acknowledged: () => undefined,
        },
      );
      route.attach(member, pump);
      const prefix = cursorKey(member, "");
      const own = [...cursors].filter(([key]) => key.startsWith(prefix));
      const from = new Map(own.map(([key, seq]) => [key.slice(prefix.length), seq]));
      return { member, pump, pushed, from, open: true };
    },
    /** What a link does after its opening and after every change of its subscriptions; rejects when the store failed. */
    openDestinations: (link: ModelLink) =>
      openDestinations(
        { meshId, memberId: link.member, pump: link.pump, gone: () => !link.open },
        router.mesh(meshId),
        store,
        false,
      ),
    detach(link: ModelLink) {
      link.open = false;
      link.pump.close();
      router.mesh(meshId).detach(link.member, link.pump);
    },
    subscribe(member: string, topic: string) {
      if (intervals.some((one) => one.member === member && one.topic === topic && one.last === null)) return;
      intervals.push({ member, topic, first: log.length, last: null });
      const key = cursorKey(member, topicKey(topic));
      if (!cursors.has(key)) cursors.set(key, log.length);
    },
    unsubscribe(member: string, topic: string) {
      for (const one of intervals)
        if (one.member === member && one.topic === topic && one.last === null) one.last = log.length;
    },
  };
}

export type FollowedLog = ReturnType<typeof followedLog>;

function messageAt(seq: number, sender: string, routed: RoutedDestination): RoutedMessage {
  const broker_message_id = `b${seq}`;
  const destination =
    routed.kind === "topic" ? topicKey(routed.topic_id) : routed.kind === "dm" ? dmKey : routeKey(routed);
  const envelope = { sender, client_message_id: `c${seq}`, body: "", meta: "", request_fingerprint: "" };
  const position = { epoch: 1, seq, broker_message_id, incarnation: "life", mac: "" };
  return {
    seq,
    epoch: 1,
    broker_message_id,
    accepted_at: 0,
    destination,
    routed,
    position,
    envelope,
  } as unknown as RoutedMessage;
}
