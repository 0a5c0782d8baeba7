import { randomUUID } from "node:crypto";
import type { Log } from "../../base/log.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { RedisConnection } from "../redis/redis-connection.ts";
import type { Bus, BusMessage } from "./bus.ts";

export interface RedisBusParts {
  /** One that publishes, one that subscribes: a connection with a subscription takes no other command. */
  readonly publisher: RedisConnection;
  readonly subscriber: RedisConnection;
  /** Brokers of other deployments may use the same Redis. */
  readonly brokerId: string;
  readonly log: Log;
  readonly metrics: BrokerMetrics;
  readonly limits: { readonly busMessageBytesMax: number };
}

const kinds = new Set<string>([
  "reached",
  "link_opened",
  "event",
  "topic_moved",
  "queue_ready",
  "owed",
  "log_cut",
] satisfies readonly BusMessage["kind"][]);

/**
 * Wake-ups by Redis pub/sub on one channel a deployment. Messages of one turn of the event loop leave together, the same one
 * once: a thousand acknowledgements of a topic are one word to the others.
 */
export function createRedisBus(parts: RedisBusParts): Bus {
  const { publisher, subscriber, metrics } = parts;
  const channel = `claudemesh:${parts.brokerId}`;
  const from = randomUUID();
  const listeners: ((message: BusMessage) => void)[] = [];
  let waiting = new Map<string, BusMessage>();
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    const messages = [...waiting.values()];
    waiting = new Map();
    const text = JSON.stringify({ from, messages });
    if (Buffer.byteLength(text) > parts.limits.busMessageBytesMax || publisher.state() === "down")
      return metrics.busLost.inc(messages.length);
    publisher.client.publish(channel, text).then(
      () => metrics.busPublished.inc(messages.length),
      () => metrics.busLost.inc(messages.length),
    );
  }

  function hear(text: string): void {
    const messages = readMessages(text, from);
    for (const message of messages) {
      metrics.busHeard.inc();
      for (const listener of listeners) listener(message);
    }
  }

  return {
    async start() {
      subscriber.client.on("message", (_channel: string, text: string) => hear(text));
      await Promise.all([publisher.start(), subscriber.start()]);
      const subscribe = (): void => void subscriber.client.subscribe(channel).catch(() => undefined);
      // Channels are subscribed again by the connection itself after it was lost; the first time may fail.
      subscriber.onChange((state) => {
        if (state === "up") subscribe();
      });
      if (subscriber.state() === "up") await subscriber.client.subscribe(channel).catch(() => undefined);
    },
    async stop() {
      await Promise.all([publisher.stop(), subscriber.stop()]);
    },
    publish(message) {
      waiting.set(JSON.stringify(message), message);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    listen: (listener) => void listeners.push(listener),
  };
}

/** Whoever else writes to the channel must not be able to harm a broker by that: what cannot be read is nothing. */
function readMessages(text: string, own: string): BusMessage[] {
  try {
    const { from, messages } = JSON.parse(text) as { from?: unknown; messages?: unknown };
    if (from === own || !Array.isArray(messages)) return [];
    return messages.filter(isBusMessage);
  } catch {
    return [];
  }
}

function isBusMessage(value: unknown): value is BusMessage {
  if (typeof value !== "object" || value === null) return false;
  const { kind, mesh_id } = value as Record<string, unknown>;
  if (typeof kind !== "string" || !kinds.has(kind) || typeof mesh_id !== "string") return false;
  const { first, last, keys, life, member_id, topic_id, queue, link_epoch, event } = value as Record<string, unknown>;
  switch (kind as BusMessage["kind"]) {
    case "reached":
      return Number.isSafeInteger(first) && Number.isSafeInteger(last) && isTexts(keys) && typeof life === "string";
    case "link_opened":
      return typeof member_id === "string" && Number.isSafeInteger(link_epoch) && typeof life === "string";
    case "event":
      return typeof event === "object" && event !== null && (event as { type?: unknown }).type === "event";
    case "topic_moved":
      return typeof topic_id === "string";
    case "queue_ready":
      return typeof queue === "string";
    case "owed":
      return typeof member_id === "string";
    case "log_cut":
      return true;
  }
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");
