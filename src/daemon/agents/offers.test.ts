import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../protocol/limits.ts";
import type { Taken } from "../../protocol/offers-api.ts";
import { bob, eve, me, offersHost } from "./offers.fixture.ts";

const ids = ({ offers }: Taken) => offers.map(({ offer_id }) => offer_id);
const messages = ({ offers }: Taken) => offers.map(({ inbox_id }) => inbox_id);

test("what waits is taken in order of arrival, and by nobody else while the lease stands", async (t) => {
  const host = await offersHost(t);
  const [first, second] = [await host.arrives("one"), await host.arrives("two")];
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  assert.deepEqual(messages(taken), [first, second]);
  assert.deepEqual(
    taken.offers.map(({ repeat, notice, priority }) => ({ repeat, notice, priority })),
    [1, 1].map(() => ({ repeat: 1, notice: false, priority: "next" })),
  );
  assert.ok(taken.text.indexOf("one") < taken.text.indexOf("two"));
  assert.match(taken.text, /to="@ada\/builder"/);
  assert.deepEqual(messages(await host.take(session)), []);
  host.clock.advance(limits.offerLeaseMs - 1);
  assert.deepEqual(messages(await host.take(session)), []);
});

test("two takes at the same moment share out what waits", async (t) => {
  const host = await offersHost(t);
  for (let n = 0; n < 10; n += 1) await host.arrives(`m${n}`);
  const session = await host.session("s1", "builder");
  const both = await Promise.all([host.take(session, { limit: 5 }), host.take(session, { limit: 5 })]);
  assert.equal(new Set(both.flatMap(messages)).size, 10);
});

test("what is confirmed is injected, its sender told once, and it is never offered again", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  assert.deepEqual(host.receipts(), []);
  assert.deepEqual(await host.offers.confirm(session, ids(taken), { read: false }), { changed: ids(taken), lost: [] });
  assert.deepEqual(await host.offers.confirm(session, ids(taken), { read: false }), { changed: ids(taken), lost: [] });
  assert.deepEqual(host.receipts(), ["injected"]);
  assert.equal(host.inbox.item(id)?.read_at, null);
  host.clock.advance(limits.offerLeaseMs * 2);
  const again = await host.session("s2", "builder", { source: "clear", process: "s1:1" });
  assert.deepEqual(messages(await host.take(again)), []);
});

test("what is not confirmed is offered again when the lease ends, and says that it is a repeat", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const first = await host.take(session);
  host.clock.advance(limits.offerLeaseMs);
  const second = await host.take(session);
  assert.deepEqual(messages(second), [id]);
  assert.equal(second.offers[0]?.repeat, 2);
  assert.match(second.text, /repeat="2"/);
  // Who holds the first offer changes nothing any more.
  assert.deepEqual(await host.offers.confirm(session, ids(first), { read: false }), { changed: [], lost: ids(first) });
  assert.deepEqual(host.receipts(), []);
});

test("a confirmation after the lease is true as long as nobody has taken the message since", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  host.clock.advance(limits.offerLeaseMs + 1);
  assert.deepEqual((await host.offers.confirm(session, ids(taken), { read: false })).lost, []);
  assert.deepEqual(host.receipts(), ["injected"]);
  assert.deepEqual(messages(await host.take(session)), []);
});

test("what a session gives back waits again, as long as it asks for", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  await host.offers.giveBack(session, ids(taken), { reason: "the command failed", delayMs: 5_000 });
  assert.deepEqual(messages(await host.take(session)), []);
  assert.equal(
    host.offers.ofAgent("builder", { cursor: null, limit: 10, open: true }).items[0]?.reason,
    "the command failed",
  );
  assert.equal(host.offers.nextChangeAt(host.clock.now()), host.clock.now() + 5_000);
  host.clock.advance(5_000);
  const again = await host.take(session);
  assert.deepEqual(messages(again), [id]);
  assert.equal(again.offers[0]?.repeat, 2);
});

test("an extended lease begins anew", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  host.clock.advance(limits.offerLeaseMs - 1);
  assert.deepEqual((await host.offers.extend(session, ids(taken))).changed, ids(taken));
  host.clock.advance(limits.offerLeaseMs - 1);
  assert.deepEqual(messages(await host.take(session)), []);
  host.clock.advance(1);
  const other = await host.take(session);
  assert.deepEqual((await host.offers.extend(session, ids(taken))).lost, ids(taken));
  assert.equal(other.offers.length, 1);
});

test("the end of a session lets what it has not confirmed wait again at once", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  await host.take(session);
  await host.agents.ended(session);
  await host.offers.reconsider("builder");
  const next = await host.session("s2", "builder");
  const taken = await host.take(next);
  assert.deepEqual(messages(taken), [id]);
  assert.equal(taken.offers[0]?.repeat, 2);
});

test("another session's offers are nobody else's to confirm", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  const other = await host.session("s2", "tester");
  assert.deepEqual((await host.offers.confirm(other, ids(taken), { read: false })).lost, ids(taken));
  assert.deepEqual((await host.offers.confirm(session, ["nothing-of-the-kind"], { read: false })).changed, []);
  assert.deepEqual(host.receipts(), []);
});

test("a session that is not there takes nothing", async (t) => {
  const host = await offersHost(t);
  await assert.rejects(host.take({ kind: "claude-code", sessionId: "nobody" }), { code: "unknown_agent" });
});

test("each agent gets what is addressed to it, also by a name that it had, and what names none goes to the only one", async (t) => {
  const host = await offersHost(t);
  const session = await host.session("s1", "builder");
  const [own, unnamed, others] = [
    await host.arrives("a"),
    await host.arrives("b", null),
    await host.arrives("c", "tester"),
  ];
  assert.deepEqual(messages(await host.take(session)), [own, unnamed]);
  await host.agents.rename("builder", "maker");
  const old = await host.arrives("d", "builder");
  assert.deepEqual(messages(await host.take(session)), [old]);
  const tester = await host.session("s2", "tester");
  // With two agents nobody is the default: it waits in the inbox.
  await host.arrives("e", null);
  assert.deepEqual(messages(await host.take(tester)), [others]);
  assert.deepEqual(messages(await host.take(session)), []);
});

test("what lay unread before there was an agent is not poured into its first session, and comes when it asks", async (t) => {
  const host = await offersHost(t);
  const old = await host.arrives("old", null);
  const named = await host.arrives("named");
  host.clock.advance(1_000);
  const session = await host.session("s1", "builder");
  const fresh = await host.arrives("fresh", null);
  assert.deepEqual(messages(await host.take(session)), [named, fresh]);
  assert.deepEqual(messages(await host.take(session, { way: "mcp" })), [old]);
});

test("what waits for an agent is what no session has had, whatever keeps it back", async (t) => {
  const host = await offersHost(t);
  await host.arrives("before there was an agent", null);
  host.clock.advance(1_000);
  const session = await host.session("s1", "builder");
  await host.agents.addTopic("builder", "builds");
  const waiting = () => host.agents.list().items.map((agent) => agent.waiting);
  for (const to of ["builder", null]) await host.arrives("text", to);
  await host.arrivesIn("builds", "text");
  await host.offers.setPolicy({ sender: bob, policy: "hold", agent: null, until: null });
  assert.deepEqual([waiting(), host.offers.waiting("builder")], [[3], 0]);
  await host.offers.dropPolicy(bob, null);
  const taken = await host.take(session);
  assert.deepEqual([taken.offers.length, waiting()], [3, [3]]);
  await host.offers.confirm(session, ids(taken), { read: false });
  assert.deepEqual(waiting(), [0], "it is in, though not read");
});

test("where nobody is the default, what names no agent comes to whoever asks for its mail", async (t) => {
  const host = await offersHost(t);
  const [one, two] = [await host.session("s1", "builder"), await host.session("s2", "tester")];
  const id = await host.arrives("to anybody", null);
  assert.deepEqual(messages(await host.take(one)), []);
  const taken = await host.take(one, { way: "mcp" });
  assert.deepEqual(messages(taken), [id]);
  await host.offers.confirm(one, ids(taken), { read: true });
  assert.deepEqual(messages(await host.take(two, { way: "mcp" })), []);
});

test("a renamed agent keeps what it was offered: nothing is put in twice", async (t) => {
  const host = await offersHost(t);
  await host.arrives("a");
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  await host.agents.rename("builder", "maker");
  await host.offers.confirm(session, ids(taken), { read: false });
  host.clock.advance(limits.offerLeaseMs);
  await host.agents.heard(session);
  assert.deepEqual(messages(await host.take(session)), []);
});

test("what a session has had is not offered to another agent, nor to one that was forgotten and made again", async (t) => {
  const host = await offersHost(t);
  const session = await host.session("s1", "builder");
  const [unnamed, own] = [await host.arrives("to anybody", null), await host.arrives("own")];
  const taken = await host.take(session);
  assert.deepEqual(messages(taken), [unnamed, own]);
  await host.offers.confirm(session, ids(taken), { read: false });
  await host.agents.ended(session);
  await host.agents.forget("builder");
  const [again, other] = [await host.session("s2", "builder"), await host.session("s3", "tester")];
  for (const one of [again, other]) assert.deepEqual(messages(await host.take(one, { way: "mcp" })), []);
});

test("a topic's message goes to every agent of the topic, from when it was added, and to each once", async (t) => {
  const host = await offersHost(t);
  const [one, two] = [await host.session("s1", "builder"), await host.session("s2", "tester")];
  await host.arrivesIn("ops", "before");
  for (const agent of ["builder", "tester"]) await host.agents.addTopic(agent, "ops");
  const id = await host.arrivesIn("ops", "after");
  for (const session of [one, two]) {
    const taken = await host.take(session);
    assert.deepEqual(messages(taken), [id]);
    await host.offers.confirm(session, ids(taken), { read: true });
    assert.deepEqual(messages(await host.take(session)), []);
  }
  // Subscribers of a topic do not tell what they have read.
  assert.deepEqual(host.receipts(), []);
  const next = await host.arrivesIn("ops", "more");
  assert.deepEqual(messages(await host.take(one)), [next]);
});

test("low priority waits for who asks for it", async (t) => {
  const host = await offersHost(t);
  const low = await host.arrives("low", "builder", { priority: "low" });
  const next = await host.arrives("next");
  const session = await host.session("s1", "builder");
  assert.deepEqual(messages(await host.take(session)), [next]);
  assert.deepEqual(messages(await host.take(session, { include_low: true })), [low]);
});

test("what does not fit comes next time, and how much that is is told", async (t) => {
  const host = await offersHost(t);
  const long = "x".repeat(2_000);
  for (let n = 0; n < 5; n += 1) await host.arrives(`${n} ${long}`);
  const session = await host.session("s1", "builder");
  const first = await host.take(session, { chars_max: 10_000 });
  assert.ok(first.text.length <= 10_000);
  assert.ok(first.offers.length >= 1 && first.offers.length < 5);
  assert.equal(first.more, 5 - first.offers.length);
  const rest = await host.take(session);
  assert.equal(first.offers.length + rest.offers.length, 5);
  assert.ok(rest.offers.every(({ repeat }) => repeat === 1));
});

test("what is put into the context on request, or by a command that has succeeded, is read", async (t) => {
  const host = await offersHost(t);
  for (const way of ["mcp", "command"] as const) {
    const id = await host.arrives("hello");
    const session = await host.session("s1", "builder");
    await host.offers.confirm(session, ids(await host.take(session, { way })), { read: false });
    assert.notEqual(host.inbox.item(id)?.read_at, null, way);
  }
  assert.deepEqual(host.receipts(), ["injected", "read", "injected", "read"]);
});

test("what somebody here has read or answered is not offered, and its offers end", async (t) => {
  const host = await offersHost(t);
  const session = await host.session("s1", "builder");
  const read = await host.arrives("read here");
  await host.inbox.markRead(read, host.clock.now());
  const answered = await host.arrives("answered");
  const taken = await host.take(session);
  assert.deepEqual(messages(taken), [answered]);
  await host.offers.answered(host.inbox.item(answered)?.broker_message_id ?? "", null);
  assert.deepEqual(host.receipts(), ["read", "read"]);
  host.clock.advance(limits.offerLeaseMs);
  await host.agents.heard(session);
  assert.deepEqual(messages(await host.take(session)), []);
  const { items } = host.offers.ofAgent("builder", { cursor: null, limit: 10, open: false });
  assert.deepEqual(
    items.map(({ inbox_id, state }) => ({ inbox_id, state })),
    [{ inbox_id: answered, state: "read" }],
  );
  assert.deepEqual(host.offers.ofAgent("builder", { cursor: null, limit: 10, open: true }).items, []);
  // It was handed over after all: that is said too, and changes nothing of what came after.
  assert.deepEqual((await host.offers.confirm(session, ids(taken), { read: false })).changed, ids(taken));
});

test("after kill -9 nothing that was confirmed is offered again, and nothing that was not is lost", async (t) => {
  const host = await offersHost(t);
  const [kept, lost] = [await host.arrives("kept"), await host.arrives("lost")];
  const session = await host.session("s1", "builder");
  const taken = await host.take(session);
  await host.offers.confirm(session, ids(taken).slice(0, 1), { read: false });
  await host.restart();
  assert.deepEqual(messages(await host.take(session)), []);
  host.clock.advance(limits.offerLeaseMs);
  const again = await host.take(session);
  assert.deepEqual(messages(again), [lost]);
  assert.equal(again.offers[0]?.repeat, 2);
  assert.notEqual(kept, lost);
  assert.deepEqual(host.receipts(), ["injected"]);
});

test("a sender that lost its receipts is told again how far the message has come", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  await host.offers.confirm(session, ids(await host.take(session)), { read: true });
  await host.inbox.receiptsSent(host.inbox.pendingReceipts(100).map(({ id }) => id));
  const { checkedPush } = await import("../inbox/push.fixture.ts");
  await host.inbox.store([checkedPush(1, "b".repeat(64), `${me}/builder`, "hello")], host.clock.now());
  assert.deepEqual(
    host.inbox.pendingReceipts(100).map(({ item }) => item.state),
    ["delivered", "injected", "read"],
  );
});

test("a clock that is set back keeps no message for longer than a lease", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  await host.take(session);
  host.clock.jump(host.clock.now() - 86_400_000);
  assert.deepEqual(messages(await host.take(session)), [id]);
});

test("offers go with the message's body", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello", "builder", { sender: eve });
  const session = await host.session("s1", "builder");
  await host.take(session);
  assert.equal(host.offers.ofAgent("builder", { cursor: null, limit: 10, open: false }).items.length, 1);
  host.clock.advance(31 * 86_400_000);
  await host.inbox.prune(host.clock.now());
  assert.equal(
    host.inbox.database.read((_db, queries) => queries.offersOfMessage(1).length),
    0,
  );
});
