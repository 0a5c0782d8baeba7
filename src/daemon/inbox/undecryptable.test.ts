import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { CheckedPush, Inbox, Undecryptable } from "../parts.ts";
import { inboxAt, me } from "./inbox.fixture.ts";
import { checkedPush } from "./push.fixture.ts";

const bob = "b".repeat(64);
const day = 86_400_000;
const keyless: Undecryptable = { code: "waits_for_key", reason: "the key is not here", forGood: false };
const lost: Undecryptable = { code: "undecryptable", reason: "it is sealed to another key", forGood: true };

interface Bench {
  readonly path: string;
  inbox: Inbox;
  reopen(): Promise<void>;
}

async function bench(t: TestContext): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "cm-sealed-"));
  const path = join(folder, "inbox.db");
  const open = async (): Promise<Inbox> => {
    const inbox = inboxAt(path);
    await inbox.start();
    return inbox;
  };
  const made: Bench = {
    path,
    inbox: await open(),
    async reopen() {
      await made.inbox.stop();
      made.inbox = await open();
    },
  };
  t.after(async () => {
    await made.inbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return made;
}

const sealed = (push: CheckedPush, why: Undecryptable = keyless): CheckedPush => ({
  ...push,
  body: null,
  verified: false,
  undecryptable: why,
});
const list = ({ inbox }: Bench) =>
  inbox
    .list({ since: null, topic: null, from: null, agent: null, unread: false, newest: false, cursor: null, limit: 100 })
    .items.map(({ message }) => message);
const kept = ({ inbox }: Bench) => inbox.undecryptable({ cursor: null, limit: 100 }).items;
const events = ({ inbox }: Bench) => inbox.eventsAfter(0, 1_000).map(({ event }) => event);
const receipts = ({ inbox }: Bench) =>
  inbox.pendingReceipts(100).map(({ to, item }) => [to, item.client_message_id.slice(17), item.state]);

test("what cannot be opened is kept sealed, counted, listed with its reason and told once; it is no message", async (t) => {
  const made = await bench(t);
  const push = sealed(checkedPush(1, bob, me, "sealed bytes"));
  assert.deepEqual(await made.inbox.store([push, push], 7), { stored: 0, duplicates: 1, invalid: 0, undecryptable: 1 });
  await made.reopen();
  assert.deepEqual(list(made), []);
  assert.deepEqual(kept(made), [
    {
      history_id: 1,
      epoch: 1,
      client_message_id: `${bob.slice(0, 16)}:m-1`,
      from: { member_id: bob, name: null, agent: null },
      to: `@${me}`,
      code: "waits_for_key",
      reason: "the key is not here",
      final: false,
      accepted_at: "2026-01-01T00:00:00.000Z",
      since: "1970-01-01T00:00:00.007Z",
    },
  ]);
  assert.equal(made.inbox.undecryptableCount(), 1);
  assert.equal(made.inbox.positions()[0]?.seq, 1, "its place counts as reached");
  assert.deepEqual(events(made), ["undecryptable"]);
  assert.equal(made.inbox.eventsAfter(0, 1)[0]?.data["code"], "waits_for_key");
  assert.deepEqual(receipts(made), [], "its sender is told nothing: a key may come");
});

test("when keys come what they open is shown in order, with its events and receipts, and the rest stays with its present reason", async (t) => {
  const made = await bench(t);
  const pushes = [1, 2, 3].map((seq) => checkedPush(seq, bob, me, `message ${seq}`));
  const topic = checkedPush(4, bob, "ops", "to all", { mentions: [me] });
  await made.inbox.store([...pushes.map((push) => sealed(push)), sealed(topic)], 7);
  let told = 0;
  made.inbox.onReceipt(() => {
    told += 1;
  });
  const opens = [1, 3, 4];
  const decided = await made.inbox.retryUndecryptable(
    (item) => {
      const push = [...pushes, topic].find((one) => one.item.seq === item.seq) ?? assert.fail();
      assert.deepEqual(item, push.item, "as it came");
      return opens.includes(item.seq) ? push : sealed(push, { ...keyless, reason: "another key is not here" });
    },
    false,
    9,
  );
  assert.equal(decided, 3);
  assert.deepEqual(list(made), ["message 1", "message 3", "to all"]);
  assert.deepEqual(
    kept(made).map(({ history_id, reason }) => [history_id, reason]),
    [[2, "another key is not here"]],
  );
  assert.deepEqual(events(made).slice(4), ["message", "message", "message", "mention"]);
  assert.deepEqual(
    receipts(made).map(([, id, state]) => [id, state]),
    [
      ["m-1", "delivered"],
      ["m-3", "delivered"],
    ],
  );
  assert.ok(told > 0, "no push is behind these receipts");
});

test("what turns out to be forged when it can be judged is no message, and takes no true message's place", async (t) => {
  const made = await bench(t);
  const push = checkedPush(1, bob, me, "forged");
  await made.inbox.store([sealed(push, { ...keyless, code: "membership_unexplained" })], 7);
  const true1 = { ...checkedPush(5, bob, me, "true"), item: { ...checkedPush(5, bob, me, "true").item } };
  const same = { ...true1.item.envelope, client_message_id: push.item.client_message_id ?? "" };
  const real = { ...true1, item: { ...true1.item, envelope: same as NonNullable<typeof true1.item.envelope> } };
  await made.inbox.store([real], 8);
  assert.deepEqual(list(made), ["true"], "it was not kept out by what nobody has proven");
  await made.inbox.retryUndecryptable((item) => ({ ...push, item, verified: false, invalid: "forged" }), false, 9);
  assert.deepEqual(list(made), ["true"]);
  assert.deepEqual(kept(made), []);
});

test("of a direct message that no key could still come for its sender is told once by a receipt, of anything else it is not", async (t) => {
  const made = await bench(t);
  const dm = sealed(checkedPush(1, bob, me, "x"), lost);
  await made.inbox.store([dm, sealed(checkedPush(2, bob, "ops", "x"), lost), sealed(checkedPush(3, bob, me, "x"))], 7);
  await made.inbox.store([dm], 8);
  assert.deepEqual(receipts(made), [[bob, "m-1", "undecryptable"]]);
  await made.inbox.retryUndecryptable((item) => sealed(checkedPush(item.seq, bob, me, "x"), lost), false, 9);
  assert.deepEqual(receipts(made), [
    [bob, "m-1", "undecryptable"],
    [bob, "m-3", "undecryptable"],
  ]);
  assert.deepEqual(
    kept(made).map(({ history_id, final }) => [history_id, final]),
    [
      [1, true],
      [2, true],
      [3, true],
    ],
  );
});

test("what no key could still come for is looked at again only when all is, as after a restart", async (t) => {
  const made = await bench(t);
  await made.inbox.store([sealed(checkedPush(1, bob, me, "back from an archive"), lost)], 7);
  const check = () => checkedPush(1, bob, me, "back from an archive");
  assert.equal(await made.inbox.retryUndecryptable(check, false, 8), 0);
  assert.equal(await made.inbox.retryUndecryptable(check, true, 8), 1);
  assert.deepEqual(list(made), ["back from an archive"]);
});

test("once its sender has sealed a message again, the first one is listed no more and never shown", async (t) => {
  const made = await bench(t);
  const first = checkedPush(1, bob, me, "hello");
  await made.inbox.store([sealed(first, lost)], 7);
  const again = checkedPush(2, bob, me, "hello", { supersedes: first.item.client_message_id });
  await made.inbox.store([again], 8);
  assert.deepEqual([list(made), kept(made)], [["hello"], []]);
  assert.equal((await made.inbox.store([sealed(first, lost)], 9)).duplicates, 1);
  assert.equal((await made.inbox.store([first], 9)).stored, 1);
  assert.deepEqual([list(made), kept(made)], [["hello"], []]);
});

test("many are looked at again in chunks, all of them", async (t) => {
  const made = await bench(t);
  const pushes = Array.from({ length: 200 }, (_, index) => checkedPush(index + 1, bob, me, `m${index}`));
  await made.inbox.store(
    pushes.map((push) => sealed(push)),
    7,
  );
  const check = (item: CheckedPush["item"]): CheckedPush => {
    const push = pushes[item.seq - 1] ?? assert.fail();
    return item.seq % 3 === 0 ? sealed(push) : push;
  };
  assert.equal(await made.inbox.retryUndecryptable(check, false, 8), 134);
  assert.equal(made.inbox.undecryptableCount(), 66);
});

test("what is kept sealed is bounded in number and age, and nothing of it goes without a word", async (t) => {
  const made = await bench(t);
  const db = new DatabaseSync(made.path);
  db.exec(`INSERT INTO undecryptable (epoch, seq, sender, client_message_id, item, code, reason, final, since)
    WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 10000)
    SELECT 9, seq, '${bob}', 'x:' || seq, '{"destination":"dm"}', 'waits_for_key', 'no key', seq = 5000, 0 FROM n`);
  db.close();
  await made.inbox.store([sealed(checkedPush(1, bob, me, "x"))], 7);
  assert.equal(made.inbox.undecryptableCount(), 10_000);
  assert.deepEqual(events(made), ["gap", "undecryptable"]);
  assert.equal(made.inbox.eventsAfter(0, 1)[0]?.data["history_id"], 5_000, "first of those that nothing can come for");
  await made.inbox.prune(30 * day + 1);
  assert.equal(made.inbox.undecryptableCount(), 1);
  await made.inbox.prune(31 * day);
  assert.equal(made.inbox.undecryptableCount(), 0);
});
