import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { CheckedPush, Inbox } from "../parts.ts";
import { inboxAt, me } from "./inbox.fixture.ts";
import { checkedPush } from "./push.fixture.ts";

const [bob, eve] = ["b".repeat(64), "e".repeat(64)];
const day = 86_400_000;

interface Bench {
  inbox: Inbox;
  reopen(pragmas?: string): Promise<void>;
}

async function bench(t: TestContext, pragmas?: string): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "cm-inbox-"));
  const open = async (planted?: string): Promise<Inbox> => {
    const inbox = inboxAt(join(folder, "inbox.db"), planted);
    await inbox.start();
    return inbox;
  };
  const made: Bench = {
    inbox: await open(pragmas),
    async reopen(planted) {
      await made.inbox.stop();
      made.inbox = await open(planted);
    },
  };
  t.after(async () => {
    await made.inbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return made;
}

const shown = ({ inbox }: Bench) =>
  inbox
    .list({ since: null, topic: null, from: null, agent: null, unread: false, newest: false, cursor: null, limit: 100 })
    .items.map(({ message }) => message);
const eventsOf = ({ inbox }: Bench) => inbox.eventsAfter(0, 1_000).map(({ event }) => event);
const invalid = (push: CheckedPush): CheckedPush => ({
  ...push,
  verified: false,
  invalid: "its signature does not hold",
});

test("a message is shown once however often it comes, and the repeat is counted; another sender's same id is another message", async (t) => {
  const made = await bench(t);
  const first = checkedPush(1, bob, me, "hello");
  assert.deepEqual(await made.inbox.store([first, first], 1), {
    stored: 1,
    duplicates: 1,
    invalid: 0,
    undecryptable: 0,
  });
  await made.reopen();
  const again = checkedPush(9, bob, me, "hello", { client_message_id: first.item.envelope?.client_message_id ?? "" });
  assert.deepEqual(await made.inbox.store([again], 2), { stored: 0, duplicates: 1, invalid: 0, undecryptable: 0 });
  const other = checkedPush(10, eve, me, "mine", { client_message_id: first.item.envelope?.client_message_id ?? "" });
  assert.deepEqual(await made.inbox.store([other], 2), { stored: 1, duplicates: 0, invalid: 0, undecryptable: 0 });
  assert.deepEqual(shown(made), ["hello", "mine"]);
  assert.deepEqual(eventsOf(made), ["message", "message"]);
});

test("a message that comes again is acknowledged to its sender again, as of when it came, and as read once it was", async (t) => {
  const { inbox } = await bench(t);
  const push = checkedPush(1, bob, me, "hello");
  const receipts = async (): Promise<string[]> => {
    const waiting = inbox.pendingReceipts(10);
    await inbox.receiptsSent(waiting.map(({ id }) => id));
    return waiting.map(({ item: { state, at } }) => `${state} ${Date.parse(at)}`);
  };
  await inbox.store([push], 5);
  assert.deepEqual(await receipts(), ["delivered 5"]);
  await inbox.store([push], 9);
  assert.deepEqual(await receipts(), ["delivered 5"]);
  await inbox.markRead(1, 12);
  assert.deepEqual(await receipts(), ["read 12"]);
  await inbox.store([push], 20);
  assert.deepEqual(await receipts(), ["delivered 5", "read 12"]);
  const other = checkedPush(2, bob, me, "other", {
    client_message_id: push.item.envelope?.client_message_id ?? "",
    request_fingerprint: "ef".repeat(32),
  });
  await inbox.store([other], 30);
  assert.deepEqual(await receipts(), [], "other bytes under the id are nothing that came");
});

test("what nobody has signed neither takes the place of the signed message of its id nor replaces one, and is asked for by nobody's name", async (t) => {
  const byKey = { key_id: "api:0198f0a0-0000-7000-8000-00000000000a", signature: "" };
  const id = `${bob.slice(0, 16)}:m-1`;
  const unsigned = (seq: number, change: object = {}): CheckedPush => ({
    ...checkedPush(seq, bob, "alerts", "forged", { ...byKey, client_message_id: id, ...change }),
    verified: false,
  });
  for (const reversed of [false, true]) {
    const made = await bench(t);
    const both = [unsigned(1), checkedPush(2, bob, "alerts", "bob's own", { client_message_id: id })];
    await made.inbox.store(reversed ? both.toReversed() : both, 1);
    assert.deepEqual(await made.inbox.store([unsigned(3)], 1), {
      stored: 0,
      duplicates: 1,
      invalid: 0,
      undecryptable: 0,
    });
    assert.deepEqual(shown(made).sort(), ["bob's own", "forged"]);
    const filter = {
      since: null,
      topic: null,
      from: bob,
      agent: null,
      unread: false,
      newest: false,
      cursor: null,
      limit: 9,
    };
    const items = made.inbox.list(filter).items;
    assert.deepEqual(
      items.map(({ message, verified, via }) => [message, verified, via]),
      [["bob's own", true, null]],
    );
    // Whoever could say that a message replaces another one could hide that.
    await made.inbox.store([unsigned(4, { client_message_id: `${bob.slice(0, 16)}:m-4`, supersedes: id })], 1);
    await made.inbox.store([checkedPush(5, bob, "alerts", "later", { supersedes: id })], 1);
    assert.ok(shown(made).includes("bob's own"));
  }
});

test("that a message mentions this member is an event once, behind the message's own, and is found again by its id after a restart", async (t) => {
  const made = await bench(t);
  const mentioning = checkedPush(1, bob, "ops", "look here", { mentions: [me] });
  await made.inbox.store([mentioning, checkedPush(2, bob, "ops", "not you", { mentions: [eve] })], 1);
  await made.inbox.store([mentioning, invalid(checkedPush(3, eve, "ops", "forged", { mentions: [me] }))], 2);
  assert.deepEqual(eventsOf(made), ["message", "mention", "message"]);
  await made.reopen();
  const [message, mention, later] = made.inbox.eventsAfter(0, 10);
  assert.deepEqual(made.inbox.eventsAfter(message?.id ?? 0, 10), [mention, later]);
  assert.deepEqual([mention?.event, mention?.data["message"]], ["mention", "look here"]);
});

test("of a message and the one that supersedes it at most one is shown, whichever comes first", async (t) => {
  for (const reversed of [false, true]) {
    const made = await bench(t);
    const old = checkedPush(1, bob, me, "old");
    const replacing = checkedPush(2, bob, me, "new", { supersedes: old.item.envelope?.client_message_id ?? "" });
    for (const push of reversed ? [replacing, old] : [old, replacing]) await made.inbox.store([push], 1);
    assert.deepEqual(shown(made), [reversed ? "new" : "old"]);
    assert.equal(made.inbox.pendingReceipts(10).length, 2, "both have arrived, and both senders' rows hear it");
  }
});

test("of a chain of messages that each supersede the one before, those that come in order are one message", async (t) => {
  const made = await bench(t);
  const pushes = [checkedPush(1, bob, me, "first")];
  for (const seq of [2, 3, 4])
    pushes.push(
      checkedPush(seq, bob, me, `change ${seq}`, { supersedes: pushes.at(-1)?.item.envelope?.client_message_id ?? "" }),
    );
  for (const push of pushes) await made.inbox.store([push], 1);
  assert.deepEqual(shown(made), ["first"]);
});

test("what supersedes a message that was shown is not shown, though the body of that one is gone by now", async (t) => {
  const made = await bench(t);
  const old = checkedPush(1, bob, me, "old");
  await made.inbox.store([old], 0);
  await made.inbox.prune(31 * day);
  assert.deepEqual(shown(made), []);
  await made.inbox.store(
    [checkedPush(2, bob, me, "new", { supersedes: old.item.envelope?.client_message_id ?? "" })],
    31 * day,
  );
  assert.deepEqual(shown(made), []);
});

test("what cannot be proven is kept and counted, shown to nobody, acknowledged to nobody, and takes no true message's place", async (t) => {
  const made = await bench(t);
  const truth = checkedPush(2, bob, me, "true");
  const id = truth.item.envelope?.client_message_id ?? "";
  const forged = invalid(checkedPush(1, bob, me, "forged", { client_message_id: id }));
  const hiding = invalid(checkedPush(3, bob, me, "forged too", { supersedes: id }));
  assert.deepEqual(await made.inbox.store([forged, hiding, forged], 1), {
    stored: 0,
    duplicates: 1,
    invalid: 2,
    undecryptable: 0,
  });
  assert.deepEqual(made.inbox.pendingReceipts(10), []);
  await made.inbox.store([truth], 1);
  assert.deepEqual(shown(made), ["true"]);
  assert.equal(made.inbox.pendingReceipts(10).length, 1);
  assert.deepEqual(made.inbox.search("forged", { cursor: null, limit: 10 }).items, []);
});

test("a place of which only the number came is a gap that listeners are told of, once per epoch and number", async (t) => {
  const made = await bench(t);
  const { item, ...push } = checkedPush(4, bob, me, "");
  const stub = (change: object) => ({
    ...push,
    item: { ...item, envelope: null, stub_reason: "too_large", ...change },
  });
  assert.deepEqual(await made.inbox.store([stub({})], 1), { stored: 0, duplicates: 0, invalid: 1, undecryptable: 0 });
  const [event] = made.inbox.eventsAfter(0, 10);
  assert.deepEqual([event?.event, event?.data["history_id"], event?.data["reason"]], ["gap", 4, "too_large"]);
  assert.equal(made.inbox.positions()[0]?.seq, 4, "the place counts as reached");
  await made.reopen();
  assert.deepEqual(await made.inbox.store([stub({}), stub({})], 2), {
    stored: 0,
    duplicates: 2,
    invalid: 0,
    undecryptable: 0,
  });
  assert.deepEqual(await made.inbox.store([stub({ seq: 5 }), stub({ epoch: 2 })], 2), {
    stored: 0,
    duplicates: 0,
    invalid: 2,
    undecryptable: 0,
  });
  assert.equal(eventsOf(made).length, 3);
  assert.deepEqual(await made.inbox.store([checkedPush(4, bob, me, "came after all")], 3), {
    stored: 1,
    duplicates: 0,
    invalid: 0,
    undecryptable: 0,
  });
  assert.deepEqual(shown(made), ["came after all"]);
});

test("listeners hear in order of what is on disk, and the ids go on after a restart", async (t) => {
  const made = await bench(t);
  const heard: number[] = [];
  const leave = made.inbox.onEvent(({ id }) => {
    assert.ok(made.inbox.newestEventId() >= id, "told after the commit");
    heard.push(id);
  });
  await Promise.all([1, 2, 3].map((seq) => made.inbox.store([checkedPush(seq, bob, me, `m${seq}`)], seq)));
  await made.inbox.addEvents([{ event: "link_down", data: {} }], 4);
  leave();
  assert.deepEqual(heard, [1, 2, 3, 4]);
  await made.reopen();
  await made.inbox.store([checkedPush(5, bob, me, "m5")], 5);
  assert.deepEqual(
    made.inbox.eventsAfter(3, 10).map(({ id, event }) => `${id} ${event}`),
    ["4 link_down", "5 message"],
  );
});

test("a list goes on from page to page in either direction", async (t) => {
  const made = await bench(t);
  for (let seq = 1; seq <= 7; seq += 1)
    await made.inbox.store([checkedPush(seq, seq % 2 === 0 ? bob : eve, seq === 5 ? "news" : me, `m${seq}`)], seq);
  const all = { since: null, topic: null, from: null, agent: null, unread: false, newest: false };
  const pages = (filter: { newest?: boolean; from?: string; topic?: string }): (string | null)[] => {
    const found: (string | null)[] = [];
    for (let cursor: string | null = null; ; ) {
      const page = made.inbox.list({ ...all, ...filter, cursor, limit: 2 });
      found.push(...page.items.map(({ message }) => message));
      cursor = page.next_cursor;
      if (cursor === null) return found;
    }
  };
  assert.deepEqual(pages({}), ["m1", "m2", "m3", "m4", "m5", "m6", "m7"]);
  assert.deepEqual(pages({ newest: true }), ["m7", "m6", "m5", "m4", "m3", "m2", "m1"]);
  assert.deepEqual(pages({ newest: true, from: bob }), ["m6", "m4", "m2"]);
  assert.deepEqual(pages({ topic: "news" }), ["m5"]);
});

test("no text that somebody searches for is understood as anything but words", async (t) => {
  const made = await bench(t);
  await made.inbox.store([checkedPush(1, bob, me, 'the quick "brown" fox')], 1);
  const find = (query: string) => made.inbox.search(query, { cursor: null, limit: 10 }).items.length;
  for (const [query, count] of [
    ["quick fox", 1],
    ['"brown"', 1],
    ["quick OR cat", 0],
    ["qui*", 0],
    ["text:quick", 0],
    ["NEAR(quick fox)", 0],
    ['"', 0],
    ["quick -fox", 1],
    ['"unbalanced', 0],
    ["quick) OR (cat", 0],
    ["{text}: quick", 0],
    ["^the", 1],
    ["fox AND", 0],
    ["quick\0fox", 1],
    ["x".repeat(1_000_000), 0],
    ["fox ".repeat(10_000), 1],
    ['"'.repeat(10_001), 0],
    ["'; DROP TABLE inbox; --", 0],
  ] as const)
    assert.equal(find(query), count, query);
  assert.throws(() => find("   "), { code: "missing_field" });
  const words = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`).join(" ");
  assert.equal(find(words(64)), 0);
  assert.throws(() => find(words(65)), { code: "invalid_field" });
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (query) => {
      try {
        assert.ok(find(query) >= 0);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "missing_field", JSON.stringify(query));
      }
    }),
    { numRuns: 500 },
  );
});

test("bodies go after 30 days and leave what tells a repeat; the keys stay longer than any broker keeps a message", async (t) => {
  const made = await bench(t);
  const push = checkedPush(1, bob, me, "old words", { mentions: [me] });
  await made.inbox.store([push], 0);
  assert.equal(await made.inbox.prune(30 * day), 0);
  assert.ok((await made.inbox.prune(30 * day + 1)) > 0);
  assert.deepEqual(shown(made), []);
  assert.deepEqual(made.inbox.search("words", { cursor: null, limit: 10 }).items, []);
  assert.deepEqual(made.inbox.mentions(me, { newest: false, cursor: null, limit: 10 }).items, []);
  assert.deepEqual((await made.inbox.store([push], 366 * day)).duplicates, 1);
  await made.inbox.prune(400 * day + 1);
  assert.deepEqual((await made.inbox.store([push], 401 * day)).stored, 1);
});

test("with the disk full nothing is reported as stored, and with room again all of it is", async (t) => {
  const made = await bench(t, "PRAGMA synchronous = FULL; PRAGMA max_page_count = 80;");
  let seq = 0;
  const fill = async (): Promise<void> => {
    for (;;) {
      await made.inbox.store([checkedPush(seq + 1, bob, me, `${seq} ${"x".repeat(20_000)}`)], 1);
      seq += 1;
    }
  };
  await assert.rejects(fill(), { code: "store_unavailable" });
  assert.ok(seq > 0);
  assert.equal(shown(made).length, seq);
  assert.equal(made.inbox.newestEventId(), seq);
  await assert.rejects(made.inbox.addEvents([{ event: "gap", data: { text: "x".repeat(60_000) } }], 1));
  assert.ok((await made.inbox.prune(30 * day + 2)) > 0, "upkeep makes room without a restart");
  assert.equal((await made.inbox.store([checkedPush(++seq, bob, me, "y".repeat(20_000))], 31 * day)).stored, 1);
  await made.reopen();
  assert.deepEqual(await made.inbox.store([checkedPush(seq + 1, bob, me, "fits")], 1), {
    stored: 1,
    duplicates: 0,
    invalid: 0,
    undecryptable: 0,
  });
});

test("a commit that fails for good ends the process; one on a full disk does not", async (t) => {
  for (const [errcode, fatals] of [
    [10, 1],
    [13, 0],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), "cm-inbox-"));
    const ended: unknown[] = [];
    const inbox = inboxAt(join(folder, "inbox.db"), undefined, (error) => void ended.push(error));
    await inbox.start();
    t.after(async () => {
      await inbox.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const { exec } = DatabaseSync.prototype;
    t.mock.method(DatabaseSync.prototype, "exec", function (this: DatabaseSync, sql: string) {
      if (sql === "COMMIT") throw Object.assign(new Error("planted"), { errcode });
      return exec.call(this, sql);
    });
    await assert.rejects(inbox.store([checkedPush(1, bob, me, "x")], 1), { code: "store_unavailable" });
    t.mock.restoreAll();
    assert.equal(ended.length, fatals);
  }
});
