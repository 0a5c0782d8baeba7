import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { InboxItem } from "../protocol/local-api.ts";
import { type Entry, tally } from "./demo-ledger.ts";

function entry(id: string, text: string): Entry {
  const bytes = Buffer.from(text);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { id, kind: "direct", content: { label: id, bytes }, sha256, stages: new Set() };
}

function item(id: string, text: string): InboxItem {
  return { client_message_id: `0123456789abcdef:${id}`, body: Buffer.from(text).toString("base64url") } as InboxItem;
}

test("what is lost, shown twice or changed is counted as that, and as nothing else", () => {
  const sent = ["demo-1", "demo-2", "demo-3", "demo-4", "demo-5"].map((id) => entry(id, id));
  const inbox = [item("demo-1", "demo-1"), item("demo-2", "other"), item("demo-4", "demo-4"), item("demo-5", "demo-5")];
  const shown = [item("demo-4", "demo-4"), item("demo-4", "demo-4"), item("demo-5", "demo-5")];
  const counted = tally(sent, inbox, shown);
  assert.deepEqual(counted, { sent: 5, deliveredOnce: 2, lost: 1, shownTwice: 1, changed: 1 });
  assert.equal(tally(sent.slice(0, 1), [...inbox, ...inbox], []).shownTwice, 1);
});

test("an id that only begins like another's is not taken for it", () => {
  assert.equal(tally([entry("demo-1", "x")], [item("demo-11", "x"), item("xdemo-1", "x")], []).lost, 1);
});
