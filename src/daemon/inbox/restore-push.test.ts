import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { Inbox } from "../parts.ts";
import { inboxAt, me } from "./inbox.fixture.ts";
import { checkedPush } from "./push.fixture.ts";

const bob = "b".repeat(64);

async function open(t: TestContext): Promise<{ readonly inbox: Inbox; sql(text: string): void }> {
  const folder = mkdtempSync(join(tmpdir(), "cm-restore-"));
  const path = join(folder, "inbox.db");
  const inbox = inboxAt(path);
  await inbox.start();
  t.after(async () => {
    await inbox.stop();
    rmSync(folder, { recursive: true });
  });
  return {
    inbox,
    sql(text) {
      const other = new DatabaseSync(path);
      other.exec(text);
      other.close();
    },
  };
}

const shown = (inbox: Inbox) =>
  inbox
    .list({ since: null, topic: null, from: null, agent: null, unread: false, newest: false, cursor: null, limit: 100 })
    .items.map(({ inbox_id: id, message, restored, read_at }) => [id, message, restored ?? false, read_at !== null]);
const told = (inbox: Inbox) =>
  inbox.eventsAfter(0, 100).map(({ event, data }) => [event, data["message"], data["restored"] ?? false]);

test("what comes from history is shown with its mark, found by its text, and told to nobody", async (t) => {
  const { inbox } = await open(t);
  const push = checkedPush(1, bob, me, "from history", { mentions: [me] });
  assert.equal(await inbox.restore([push, push], 5), 1);
  assert.deepEqual(shown(inbox), [[1, "from history", true, false]]);
  assert.equal(inbox.search("history", { cursor: null, limit: 10 }).items.length, 1);
  assert.equal(inbox.mentions(me, { newest: false, cursor: null, limit: 10 }).items.length, 1);
  assert.deepEqual(told(inbox), []);
  assert.deepEqual(
    inbox.pendingReceipts(10).map(({ item }) => item.state),
    ["delivered"],
  );
});

test("pushed again it is told once, with the mark, and a message that came by a push is not taken from history", async (t) => {
  const { inbox } = await open(t);
  const push = checkedPush(1, bob, me, "unacknowledged", { mentions: [me] });
  await inbox.restore([push], 5);
  assert.equal((await inbox.store([push], 6)).stored, 1);
  assert.equal((await inbox.store([push], 7)).duplicates, 1);
  assert.deepEqual(told(inbox), [
    ["message", "unacknowledged", true],
    ["mention", "unacknowledged", true],
  ]);
  const fresh = checkedPush(2, bob, me, "fresh");
  await inbox.store([fresh], 8);
  assert.equal(await inbox.restore([fresh], 9), 0);
  assert.deepEqual(
    shown(inbox).map(([, ...rest]) => rest),
    [
      ["unacknowledged", true, false],
      ["fresh", false, false],
    ],
  );
});

test("a message goes back to its old place, read as it was, and shown although what it takes the place of is known", async (t) => {
  const { inbox, sql } = await open(t);
  const first = checkedPush(1, bob, me, "first");
  const second = checkedPush(2, bob, me, "second", { supersedes: first.item.client_message_id });
  await inbox.store([second, first], 5);
  assert.deepEqual(shown(inbox), [[1, "second", false, false]]);
  await inbox.markRead(1, 6);
  // As a recovery leaves the places of both.
  sql("UPDATE inbox SET body = NULL, restored = 2 * shown, shown = 0, supersedes = NULL");
  assert.equal(await inbox.restore([first, second], 7), 1);
  assert.deepEqual(shown(inbox), [[1, "second", true, true]]);
});

test("a place whose message is pushed before the history was asked takes it, and listeners hear of it", async (t) => {
  const { inbox, sql } = await open(t);
  const push = checkedPush(1, bob, me, "again");
  await inbox.store([push], 5);
  sql(
    "UPDATE inbox SET body = NULL, restored = 2, shown = 0; DELETE FROM event; DELETE FROM receipt; DELETE FROM inbox_text",
  );
  assert.equal((await inbox.store([push], 6)).stored, 1);
  assert.deepEqual(shown(inbox), [[1, "again", true, false]]);
  assert.deepEqual(told(inbox), [["message", "again", true]]);
  assert.equal(await inbox.restore([push], 7), 0);
});

test("what is invalid is put back nowhere", async (t) => {
  const { inbox } = await open(t);
  const forged = { ...checkedPush(1, bob, me, "forged"), verified: false, invalid: "its signature does not hold" };
  assert.equal(await inbox.restore([forged], 5), 0);
  assert.deepEqual(shown(inbox), []);
});
