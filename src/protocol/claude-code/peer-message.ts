import { jsonObject } from "../json-object.ts";
import { claudeCode, type MessageStatus } from "./assumptions.ts";

/** A message as it is written to a session's inbox socket. */
export interface PeerMessage {
  /** UUIDv4: what the session's receipts name. */
  readonly msgId: string;
  readonly priority: "now" | "next" | "low";
  /** Socket, in the folder of the session's own, where its receipts are awaited; null: nowhere. */
  readonly replySocket: string | null;
  readonly text: string;
}

/** What proves to a session that the writer may write: given to its hooks alone. */
export function authLine(token: string): string {
  return line({ type: "auth", token });
}

export function messageLine({ msgId, priority, replySocket, text }: PeerMessage): string {
  const from = replySocket === null ? null : `${claudeCode.socketAddressPrefix}${replySocket}`;
  return line({
    msgV: claudeCode.messageVersion,
    msg_id: msgId,
    type: "user",
    priority: claudeCode.priorities[priority],
    ...(from === null ? {} : { from }),
    message: { role: "user", content: envelope(from, text) },
  });
}

const ownTag = new RegExp(`<(?=\\s*/?\\s*${claudeCode.envelopeTag})`, "gi");

/** What a session shows as a message of another one: never as what its user typed. */
export function envelope(from: string | null, text: string): string {
  const { envelopeTag: tag, fromName } = claudeCode;
  return `<${tag}${from === null ? "" : ` from="${attribute(from)}"`} from-name="${fromName}">\n${withoutEnd(text)}\n</${tag}>`;
}

/** Whatever the framing has let through: text that ends the envelope would speak as the session's user. */
function withoutEnd(text: string): string {
  return text.replace(ownTag, "&lt;");
}

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

export interface StatusLine {
  readonly msgId: string;
  readonly status: MessageStatus;
}

/** What a session says of a message; null for every other line. */
export function readStatusLine(text: string): StatusLine | null {
  const value = jsonObject(text);
  if (value === null || value["type"] !== "control" || value["action"] !== claudeCode.statusAction) return null;
  const { orig_msg_id: msgId, status } = value;
  if (typeof msgId !== "string" || typeof status !== "string") return null;
  const known: Readonly<Record<string, MessageStatus>> = claudeCode.statuses;
  return Object.hasOwn(known, status) ? { msgId, status: known[status] as MessageStatus } : null;
}

/** Whether a line that came back could be a session's at all: those are JSON objects, one a line. */
export function isSessionLine(text: string): boolean {
  return jsonObject(text) !== null;
}
