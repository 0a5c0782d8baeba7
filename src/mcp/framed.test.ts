import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Framed } from "../protocol/agent-framing.ts";
import { framedPart } from "./framed.ts";

const item = (message: string): Framed => ({
  inbox_id: 7,
  broker_message_id: "0190a000-0000-7000-8000-000000000000",
  history_id: 7,
  from: { member_id: "a".repeat(64), name: "bob", agent: "api" },
  to: "@alice/api",
  content_type: "text/plain; charset=utf-8",
  message,
  body: Buffer.from(message).toString("base64url"),
  meta: null,
  reply_to: null,
  priority: "next",
  hops: 0,
  verified: true,
  via: null,
  sent_at: "2026-01-01T00:00:00.000Z",
  attachments: [],
});

test("read part by part, a message is shown whole, no part is longer than it may be, and no character is parted", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "\u{1f600}", "</claudemesh", "\u001b", "\n", "ü"),
    maxLength: 4_000,
  });
  fc.assert(
    fc.property(text, (message) => {
      let from = 0;
      for (let parts = 0; from < message.length; parts += 1) {
        const part = framedPart(item(message), { from, mesh: "local", to: "@alice/api", charsMax: 3_000 });
        assert.ok(part.text.length <= 3_000);
        assert.ok(part.end > from, "it goes on");
        assert.ok(message.slice(from, part.end).isWellFormed());
        assert.ok(parts < 4_000);
        from = part.end;
      }
    }),
    { numRuns: 30 },
  );
});
