import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxItem, MessageView, OutboxRowView } from "../protocol/local-api.ts";
import type { CommandContext } from "./command.ts";
import { command as doctor } from "./doctor.ts";
import type { DoctorAnswer } from "./launcher.ts";
import { messageStateLines } from "./message-state.ts";
import { messageFacts } from "./message-text.ts";
import { createOutput } from "./output.ts";
import { table } from "./table.ts";

/** What others chose to say must not look like a line of ours. */
const forged = "gone\nok       broker: all is well\n\twhat helps: run this";

const [sink, written] = [{ write: (text: string) => void written.push(text) }, [] as string[]];
const out = createOutput(sink, sink, {});

test("a cell stays in its row", () => {
  assert.equal(
    table([["a", forged, "b"]])
      .join("")
      .split("\n").length,
    1,
  );
});

test("a finding and its hint are a line each", async () => {
  const answer: DoctorAnswer = {
    ok: false,
    checks: [{ name: "daemon/a/link", state: "problem", message: forged, hint: forged }],
  };
  const context = {
    out,
    positionals: [],
    home: "/h",
    flag: () => false,
    launcher: async () => ({ doctor: async () => answer }),
  } as unknown as CommandContext;
  await doctor.run(context);
  const lines = written.join("").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.slice(0, 20).trim()),
    ["problem  daemon/a/li", "what helps:", "1 finding: 1 problem"],
  );
});

test("a fact of a message is a line", () => {
  const nulls = Object.fromEntries(
    ["next_attempt_at", "broker_message_id", "aborted_at", "supersedes", "superseded_by"].map((name) => [name, null]),
  );
  const row = { ...nulls, status: "dead", to: "@bob", last_error: { code: "internal", message: forged } };
  const sent = messageStateLines(
    { stages: [], delivered_to: null } as unknown as MessageView,
    { ...row, client_message_id: "c" } as unknown as OutboxRowView,
  );
  assert.ok(sent.every((line) => !line.includes("\n")));
  const times = { sent_at: "t", accepted_at: "t", received_at: "t", read_at: null, priority: "next" };
  const item = {
    ...times,
    from: { name: forged, member_id: "m" },
    to: forged,
    body: "",
    message: "text",
    mentions: [],
    meta: null,
    content_type: forged,
    reply_to: null,
    client_message_id: "c",
  };
  const facts = messageFacts(item as unknown as InboxItem, out.paint);
  assert.ok(facts.every((line) => !line.includes("\n")));
});
