import { isMessageHook, topicOfHook } from "../../protocol/hook-names.ts";
import type { InboxItem } from "../../protocol/local-api.ts";
import type { Self } from "../resolve-address.ts";
import type { HookCall } from "./execute-hook.ts";

const at = "2026-01-01T00:00:00.000Z";
const id = "00000000-0000-7000-8000-000000000000";

/** An event such as the hook is called for, made up: of a message it says so, and that it is this member's own. */
export function sampleOf(hook: string, self: Self): HookCall["data"] {
  if (isMessageHook(hook)) return { ...sampleMessage(hook, self) };
  switch (hook) {
    case "on-receipt":
      return { client_message_id: id, outbox_id: 0, status: "done", stage: "read", at };
    case "on-disconnect":
      return { reason: "a test", code: 1000 };
    case "on-reconnect":
      return { connection_id: id };
    case "pre-send":
      return { to: `@${self.name}`, message: `a test of the hook ${hook}` };
    default:
      return {};
  }
}

function sampleMessage(hook: string, { memberId, name }: Self): InboxItem {
  const topic = topicOfHook(hook);
  const message = `a test of the hook ${hook}`;
  return {
    inbox_id: 0,
    client_message_id: id,
    broker_message_id: id,
    history_id: 0,
    epoch: 0,
    from: { member_id: memberId, name, agent: null },
    to: topic === null ? `@${name}` : `#${topic}`,
    topic,
    agent: null,
    content_type: "text/plain; charset=utf-8",
    message,
    body: Buffer.from(message).toString("base64url"),
    meta: null,
    mentions: hook === "on-mention" ? [memberId] : [],
    reply_to: null,
    priority: "next",
    hops: 0,
    encrypted: true,
    verified: true,
    via: null,
    sent_at: at,
    accepted_at: at,
    received_at: at,
    read_at: null,
    attachments:
      hook === "on-file-share"
        ? [{ file_id: "0".repeat(64), name: "example.txt", content_type: "text/plain", bytes: 0 }]
        : [],
  };
}
