import type { DestinationKey, PushItem } from "../../protocol/frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { destinationColumn } from "../store/destination-column.ts";
import type { LogMessage, RoutedDestination } from "../store/store.ts";

/** A message ready to be pushed. Its JSON is the same for every receiver and made once, when the first one asks. */
export interface PushEntry {
  readonly seq: number;
  readonly sender: string;
  /** Sealed body bytes. */
  readonly bodyBytes: number;
  /** About what the entry takes in memory. */
  readonly size: number;
  readonly message: LogMessage;
  /** A whole PushItem. */
  json(): string;
}

export function pushEntry(message: LogMessage): PushEntry {
  let json: string | null = null;
  const { body, meta, sender } = message.envelope;
  return {
    seq: message.seq,
    sender,
    message,
    bodyBytes: Math.floor((body.length * 3) / 4),
    size: body.length + meta.length + 1_024,
    json() {
      json ??= JSON.stringify(pushItem(message));
      return json;
    },
  };
}

export function pushItem(message: LogMessage): PushItem {
  return {
    destination: message.destination,
    seq: message.seq,
    epoch: message.epoch,
    broker_message_id: message.broker_message_id,
    accepted_at: rfc3339(message.accepted_at),
    position: message.position,
    client_message_id: message.envelope.client_message_id,
    request_fingerprint: message.envelope.request_fingerprint,
    envelope: message.envelope,
  };
}

/** The place of a message that this link cannot take: the receiver learns that it exists, and is not held up by it. */
export function stubItem(message: LogMessage, reason: string): PushItem {
  return { ...pushItem(message), envelope: null, stub_reason: reason };
}

export const dmKey: DestinationKey = "dm";
export const topicKey = (topicId: string): DestinationKey => `topic:${topicId}`;
/** The topic_id of a key, or null for "dm". */
export const topicOfKey = (key: DestinationKey): string | null => (key.startsWith("topic:") ? key.slice(6) : null);

/** How a destination is named over a whole mesh, on the bus and in the tail: as in its row. */
export const routeKey = (destination: RoutedDestination): string => destinationColumn(destination);
