import { described, text } from "../../http/shape.ts";
import { parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import type { Link } from "../parts.ts";
import { unknownQueue } from "../resolve-address.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";

export const queueParam = described(text(), "`queue:name` or `name`");
export const queueErrors: readonly ErrorCode[] = ["invalid_destination", "unknown_destination", ...brokerErrors];

/** A queue as written, `queue:name` or `name`, without its sign. Throws invalid_destination. */
export function queueName(written: string): string {
  const address = parseAddress(written.startsWith("queue:") ? written : `queue:${written}`);
  return address.kind === "queue" ? address.name : "";
}

/**
 * What the broker says of a queue. It alone knows whether the queue exists; the names that it told last serve to say
 * which one was meant.
 */
export async function askOfQueue(
  link: Link,
  queue: string,
  frame: { readonly type: string } & Record<string, unknown>,
  gone?: AbortSignal,
): Promise<Record<string, unknown>> {
  let result: unknown;
  try {
    result = await askBroker(link, { ...frame, queue }, gone);
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code !== "unknown_destination") throw thrown;
    throw unknownQueue(queue, link.directory()?.queues ?? []);
  }
  return answerTo(frame.type, result);
}

/** The link has checked the frame's envelope of type and id; the result itself is the broker's word. */
export function answerTo(type: string, result: unknown): Record<string, unknown> {
  if (!isRecord(result)) throw unreadable(type);
  return result;
}

export function unreadable(type: string): ClaudemeshError {
  return new ClaudemeshError("protocol_error", `the broker's answer to ${type} cannot be read`, {
    hint: "claudemesh logs --level warn",
  });
}

export function textOf(result: Record<string, unknown>, field: string): string {
  const value = result[field];
  if (typeof value !== "string") throw unreadable(field);
  return value;
}

export function countOf(result: Record<string, unknown>, field: string): number {
  const value = result[field];
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw unreadable(field);
  return Number(value);
}

export function instantOf(result: Record<string, unknown>, field: string): string {
  const value = textOf(result, field);
  if (!isRfc3339(value)) throw unreadable(field);
  return value;
}

export function recordsOf(result: Record<string, unknown>, field: string): readonly Record<string, unknown>[] {
  const value = result[field];
  if (!Array.isArray(value) || !value.every(isRecord)) throw unreadable(field);
  return value;
}

/** The place of a message in the log; its envelope is checked by whoever shows it. */
export function itemOf(result: Record<string, unknown>): PushItem {
  const item = result["item"];
  if (!isRecord(item)) throw unreadable("item");
  for (const field of ["seq", "epoch"]) countOf(item, field);
  instantOf(item, "accepted_at");
  textOf(item, "broker_message_id");
  if (item["client_message_id"] !== null) textOf(item, "client_message_id");
  if (item["envelope"] !== null && !isRecord(item["envelope"])) throw unreadable("envelope");
  if (item["stub_reason"] !== undefined) textOf(item, "stub_reason");
  return item as unknown as PushItem;
}
