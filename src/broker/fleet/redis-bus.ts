import { createHmac, createSecretKey, type KeyObject, randomUUID, timingSafeEqual } from "node:crypto";
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
  /** Secret of the deployment: only its brokers are listened to. */
  readonly secret: Uint8Array;
  readonly limits: { readonly busMessageBytesMax: number; readonly busBytesInFlightMax: number };
}

const kinds = new Set<string>([
  "reached",
  "link_opened",
  "member_kicked",
  "links_changed",
  "event",
  "event_for",
  "membership_changed",
  "topic_moved",
  "queue_ready",
  "keys_changed",
  "keys_wanted",
  "owed",
  "log_cut",
] satisfies readonly BusMessage["kind"][]);

/**
 * Wake-ups by Redis pub/sub on one channel a deployment. Messages of one turn of the event loop leave together, the same one
 * once: a thousand acknowledgements of a topic are one word to the others. Each is authenticated under the deployment's secret, since others may
 * write to the same Redis, and a link that is told of a newer one is closed.
 */
export function createRedisBus(parts: RedisBusParts): Bus {
  const { publisher, subscriber, metrics } = parts;
  const channel = `claudemesh:${parts.brokerId}`;
  const from = randomUUID();
  const listeners: ((message: BusMessage) => void)[] = [];
  const key = createSecretKey(parts.secret);
  let waiting = new Set<string>();
  let bytesInFlight = 0;
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    const messages = [...waiting];
    waiting = new Set();
    let part: string[] = [];
    let bytes = 0;
    for (const message of messages) {
      const size = Buffer.byteLength(message) + 1;
      if (part.length > 0 && bytes + size > parts.limits.busMessageBytesMax) {
        send(part, bytes);
        [part, bytes] = [[], 0];
      }
      part.push(message);
      bytes += size;
    }
    if (part.length > 0) send(part, bytes);
  }

  /** A Redis that answers no more must not fill the memory until its connection is given up. */
  function send(messages: readonly string[], bytes: number): void {
    const { busBytesInFlightMax } = parts.limits;
    if (publisher.state() === "down" || bytesInFlight + bytes > busBytesInFlightMax)
      return metrics.busLost.inc(messages.length);
    const text = `{"from":"${from}","messages":[${messages.join(",")}]}`;
    bytesInFlight += bytes;
    publisher.client
      .publish(channel, `${macOf(key, text)}${text}`)
      .then(
        () => metrics.busPublished.inc(messages.length),
        () => metrics.busLost.inc(messages.length),
      )
      .finally(() => {
        bytesInFlight -= bytes;
      });
  }

  function hear(payload: string): void {
    const text = authentic(key, payload);
    if (text === null) return metrics.busRefused.inc();
    for (const message of readMessages(text, from)) {
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
      waiting.add(JSON.stringify(message));
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    listen: (listener) => void listeners.push(listener),
  };
}

const macLength = 43;
const macOf = (key: KeyObject, text: string): string =>
  createHmac("sha256", key).update("claudemesh:bus:v1\0").update(text).digest("base64url");

/** What a broker of this deployment said, or null. */
function authentic(key: KeyObject, payload: string): string | null {
  const text = payload.slice(macLength);
  const given = Buffer.from(payload.slice(0, macLength));
  const right = Buffer.from(macOf(key, text));
  return given.length === right.length && timingSafeEqual(given, right) ? text : null;
}

/** A broker of another version may say what this one does not know: that is nothing. */
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
  const fields = value as Record<string, unknown>;
  const { first, last, keys, life, member_id, topic_id, queue, link_epoch, instance_id, event } = fields;
  const { n, hash, ended, limited, rekeyed, destinations, until, by, member_ids, only } = fields;
  switch (kind as BusMessage["kind"]) {
    case "reached":
      return Number.isSafeInteger(first) && Number.isSafeInteger(last) && isTexts(keys) && typeof life === "string";
    case "link_opened":
      return (
        typeof member_id === "string" &&
        Number.isSafeInteger(link_epoch) &&
        typeof life === "string" &&
        typeof instance_id === "string"
      );
    case "member_kicked":
      return (
        typeof member_id === "string" &&
        Number.isSafeInteger(link_epoch) &&
        typeof life === "string" &&
        Number.isSafeInteger(until) &&
        typeof by === "string"
      );
    case "event_for":
      return (
        isTexts(only) && typeof event === "object" && event !== null && (event as { type?: unknown }).type === "event"
      );
    case "links_changed":
      return isTexts(member_ids);
    case "event":
      return typeof event === "object" && event !== null && (event as { type?: unknown }).type === "event";
    case "membership_changed":
      return (
        Number.isSafeInteger(n) &&
        typeof hash === "string" &&
        isTextOrNull(ended) &&
        isTextOrNull(limited) &&
        (rekeyed === undefined || isTextOrNull(rekeyed))
      );
    case "topic_moved":
      return typeof topic_id === "string";
    case "queue_ready":
      return typeof queue === "string";
    case "owed":
      return typeof member_id === "string";
    case "keys_wanted":
      return isTexts(destinations);
    case "keys_changed":
    case "log_cut":
      return true;
  }
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");
