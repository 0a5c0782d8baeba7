import type { Framed, Framing } from "./agent-framing.ts";

/** A message as an agent gets it; `over` what is otherwise about it. */
export function framed(over: Partial<Framed> = {}): Framed {
  const message = over.message === undefined ? "the build is green" : over.message;
  return {
    inbox_id: 12,
    history_id: 40,
    broker_message_id: "019ac1f2-0000-7000-8000-000000000001",
    from: { member_id: "a".repeat(64), name: "ann", agent: "backend" },
    to: "@bob/frontend",
    content_type: "text/plain; charset=utf-8",
    body: Buffer.from(message ?? "").toString("base64url"),
    meta: null,
    reply_to: null,
    priority: "next",
    hops: 0,
    verified: true,
    via: null,
    sent_at: "2026-11-26T15:00:00.000Z",
    attachments: [],
    ...over,
    message,
  };
}

export const nonce = "0123456789abcdef";

export function framing(over: Partial<Framing> = {}): Framing {
  return { mesh: "team", to: "@bob/frontend", repeat: 1, nonce, charsMax: 10_000, ...over };
}
