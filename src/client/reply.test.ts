import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import type { InboxItem, SendResult } from "../protocol/local-api.ts";
import type { Client } from "./client.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { reply } from "./reply.ts";

const ann = "a".repeat(64);

/** A client of a daemon that has one message, and keeps what is asked of it. */
function clientOf(item: Partial<InboxItem>, fails: { send?: ClaudemeshError; read?: ClaudemeshError } = {}) {
  const asked: unknown[][] = [];
  const sent = { outbox_id: 5, client_message_id: "k", state: "queued" } as SendResult;
  const kept = { broker_message_id: "b", agent: null, read_at: null, ...item };
  const client = {
    inbox: {
      item: async (id: number) => ({ from: { member_id: ann, name: "ann", agent: "backend" }, ...kept, inbox_id: id }),
      markRead: async (id: number) => {
        asked.push(["read", id]);
        if (fails.read !== undefined) throw fails.read;
      },
    },
    send: async (message: OutgoingMessage) => {
      asked.push(["send", message]);
      if (fails.send !== undefined && message.from_agent !== undefined) throw fails.send;
      return sent;
    },
  } as unknown as Client;
  return { client, asked };
}

test("the message is read once the answer is on disk, and not before; one that was read is left as it is", async () => {
  const unread = clientOf({});
  await reply(unread.client, 12, { message: "hi", client_message_id: "k" });
  const answer = { message: "hi", client_message_id: "k", to: `@${ann}/backend`, reply_to: "b" };
  assert.deepEqual(unread.asked, [
    ["send", answer],
    ["read", 12],
  ]);
  const read = clientOf({ read_at: "2026-11-26T15:00:00.000Z" });
  await reply(read.client, 12, { message: "hi", client_message_id: "k" });
  assert.deepEqual(read.asked, [["send", answer]]);
});

test("an answer that is refused marks nothing read; one that is on disk is named by its id when the marking fails", async () => {
  const refused = clientOf({ agent: "frontend" }, { send: new ClaudemeshError("outbox_full", "full") });
  await assert.rejects(reply(refused.client, 12, { message: "hi" }), { code: "outbox_full" });
  assert.equal(refused.asked.length, 1);
  const late = clientOf({}, { read: new ClaudemeshError("not_running", "gone") });
  await assert.rejects(reply(late.client, 12, { message: "hi", client_message_id: "k" }), {
    code: "not_running",
    details: { client_message_id: "k", outbox_id: 5 },
  });
});

test("from the agent that was asked; from the member where that is none any more, under the same id", async () => {
  const asked = clientOf({ agent: "frontend" }, { send: new ClaudemeshError("unknown_agent", "no") });
  await reply(asked.client, 12, { message: "hi" });
  const [first, second] = asked.asked.map(([, message]) => message as OutgoingMessage);
  assert.deepEqual([first?.from_agent, second?.from_agent], ["frontend", undefined]);
  assert.equal(first?.client_message_id, second?.client_message_id);
  const chosen = clientOf({ agent: "frontend" }, { send: new ClaudemeshError("unknown_agent", "no") });
  await assert.rejects(reply(chosen.client, 12, { message: "hi", from_agent: "other" }), { code: "unknown_agent" });
});
