import type { AttachmentView } from "../protocol/attachment.ts";
import type { HistoryItem, InboxItem, SenderView } from "../protocol/local-api.ts";
import { senderAddress } from "../protocol/sender-agent.ts";
import { bytesText } from "./bytes-text.ts";
import type { Output } from "./output.ts";
import { printable, unbroken } from "./printable.ts";

/** A message as every command shows it: one line of who, where and when, then its text, indented. */
export function messageLines(item: InboxItem | HistoryItem, paint: Output["paint"]): string[] {
  const { at, place } =
    "inbox_id" in item
      ? { at: item.received_at, place: `#${item.inbox_id}` }
      : { at: item.accepted_at, place: `history ${item.history_id}` };
  const head = `${paint.bold(senderOf(item))} → ${"to" in item ? unbroken(item.to) : "?"}  ${paint.dim(at)}  ${place}`;
  const marks = marksOf(item);
  const files = filesOf(item);
  return [
    marks.length === 0 ? head : `${head}  ${paint.yellow(`[${marks.join(", ")}]`)}`,
    ...textOf(item)
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `  ${line}`),
    ...(files === null ? [] : [`  ${paint.dim("files")} ${files}`]),
  ];
}

/** A message alone: every fact of it on a line of its own, then its text. */
export function messageFacts(item: InboxItem, paint: Output["paint"]): string[] {
  const facts: readonly (readonly [string, string | null])[] = [
    ["message", `#${item.inbox_id}`],
    ["from", `${senderOf(item)}  ${item.from.member_id}${proofOf(item)}`],
    ["via", apiKeyOf(item) === null ? null : `API key ${apiKeyOf(item)}`],
    ["to", item.to],
    ["sent", item.sent_at],
    ["accepted", item.accepted_at],
    ["received", item.received_at],
    ["read", item.read_at ?? "not yet"],
    ["priority", item.priority],
    ["hops", (item.hops ?? 0) === 0 ? null : `${item.hops}: programs that answered by themselves before it`],
    ["type", item.content_type],
    ["size", `${bodyBytes(item.body)} bytes`],
    ["mentions", item.mentions.length === 0 ? null : item.mentions.map((id) => `@${id}`).join(" ")],
    ["files", filesOf(item)],
    ["answers", item.reply_to],
    ["meta", item.meta === null ? null : JSON.stringify(item.meta)],
    ["id", item.client_message_id],
    ["broker", `${item.broker_message_id}  history ${item.history_id}`],
    ["encrypted", item.encrypted ? "yes" : "no"],
  ];
  return [
    ...facts.flatMap(([name, value]) => (value === null ? [] : [`${paint.dim(name.padEnd(9))} ${unbroken(value)}`])),
    "",
    ...textOf(item).replace(/\n$/, "").split("\n"),
  ];
}

/** Absent in what an older daemon tells. */
function filesOf(item: InboxItem | HistoryItem): string | null {
  const files: readonly AttachmentView[] = "attachments" in item ? (item.attachments ?? []) : [];
  return files.length === 0
    ? null
    : files.map(({ name, bytes }) => `${unbroken(name)} (${bytesText(bytes)})`).join(", ");
}

/** `@name`, or the member_id of a member who has left: what nobody but the member can claim to be. */
export function memberOf({ from }: { readonly from: SenderView }): string {
  return unbroken(senderAddress({ from: { ...from, agent: null } }));
}

/** The same with its agent, if one sent it. */
export function senderOf(item: InboxItem | HistoryItem): string {
  if (!("from" in item) || item.from === undefined) return "(sender unknown)";
  // What an older daemon tells has no agent.
  const { agent = null }: { readonly agent?: string | null } = item.from;
  return unbroken(senderAddress({ from: { ...item.from, agent } }));
}

function proofOf(item: InboxItem): string {
  if (item.verified) return "";
  return apiKeyOf(item) === null ? "  not verified" : "  not signed: it is the broker's word that it is this member's";
}

/** The id of the API key that handed it in; null of what its sender signed, also where an older daemon says nothing of it. */
export function apiKeyOf({ via = null }: { readonly via?: string | null }): string | null {
  return via === null ? null : via.replace(/^api:/, "");
}

/** What an API key handed in is nobody's signed word: that stands beside it wherever it is shown. */
function proofMarks(item: InboxItem | HistoryItem): string[] {
  if ("body" in item && apiKeyOf(item) !== null) return ["by an API key", "not signed", "not encrypted"];
  return item.verified ? [] : ["sender not verified"];
}

function marksOf(item: InboxItem | HistoryItem): string[] {
  return [
    ...("inbox_id" in item && item.read_at === null ? ["unread"] : []),
    ...proofMarks(item),
    ...("priority" in item && item.priority !== "next" ? [`priority ${item.priority}`] : []),
  ];
}

function textOf(item: InboxItem | HistoryItem): string {
  if (!("body" in item)) return `(not shown: ${printable(item.unavailable)})`;
  if (item.message !== null) return printable(item.message);
  return `(${bodyBytes(item.body)} bytes of ${printable(item.content_type)}; --json shows them)`;
}

function bodyBytes(base64url: string): number {
  return Math.floor((base64url.length * 3) / 4);
}
