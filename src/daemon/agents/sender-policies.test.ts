import assert from "node:assert/strict";
import { test } from "node:test";
import type { SenderPolicy, Taken, Way } from "../../protocol/offers-api.ts";
import { bob, eve, offersHost } from "./offers.fixture.ts";

const messages = ({ offers }: Taken) => offers.map(({ inbox_id, notice }) => ({ inbox_id, notice }));
const hour = 3_600_000;

for (const [policy, hook, mcp] of [
  ["auto", "text", "text"],
  ["ask", "notice", "notice"],
  ["mute", "nothing", "text"],
  ["hold", "nothing", "nothing"],
  ["block", "nothing", "nothing"],
] as const satisfies readonly (readonly [SenderPolicy, string, string])[]) {
  test(`${policy}: pushed into a session comes ${hook}, and on its request ${mcp}`, async (t) => {
    for (const [way, expected] of [
      ["hook", hook],
      ["mcp", mcp],
    ] as const satisfies readonly (readonly [Way, string])[]) {
      const host = await offersHost(t);
      await host.offers.setPolicy({ sender: bob, agent: null, policy, until: null });
      const inbox_id = await host.arrives("the secret word");
      await host.arrives("from another", "builder", { sender: eve });
      const session = await host.session("s1", "builder");
      const taken = await host.take(session, { way });
      const [first] = messages(taken);
      assert.deepEqual(first?.inbox_id === inbox_id ? (first.notice ? "notice" : "text") : "nothing", expected);
      assert.equal(taken.text.includes("the secret word"), expected === "text");
      assert.ok(taken.text.includes("from another"));
      // Nothing is ever deleted by a policy.
      assert.equal(host.inbox.item(inbox_id)?.message, "the secret word");
    }
  });
}

test("a notice that was put in says nothing to the sender, and the text follows once it is released", async (t) => {
  const host = await offersHost(t);
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "ask", until: null });
  const inbox_id = await host.arrives("the secret word");
  const session = await host.session("s1", "builder");
  const confirm = async (taken: Taken) =>
    host.offers.confirm(
      session,
      taken.offers.map(({ offer_id }) => offer_id),
      { read: false },
    );
  await confirm(await host.take(session));
  assert.deepEqual(host.receipts(), []);
  assert.deepEqual(messages(await host.take(session)), []);
  await host.offers.releaseMessage(inbox_id, "builder");
  const released = await host.take(session);
  assert.deepEqual(messages(released), [{ inbox_id, notice: false }]);
  await confirm(released);
  assert.deepEqual(host.receipts(), ["injected"]);
});

test("who may be put in from now on has what was only told of put in", async (t) => {
  const host = await offersHost(t);
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "ask", until: null });
  const inbox_id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const { offers } = await host.take(session);
  await host.offers.confirm(session, [offers[0]?.offer_id ?? ""], { read: false });
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "auto", until: null });
  assert.deepEqual(messages(await host.take(session)), [{ inbox_id, notice: false }]);
});

test("one message of a held sender may be let in alone", async (t) => {
  const host = await offersHost(t);
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "hold", until: null });
  const [one] = [await host.arrives("one"), await host.arrives("two")];
  const session = await host.session("s1", "builder");
  assert.deepEqual(await host.offers.releaseMessage(one ?? 0, null), { released: ["builder"] });
  assert.deepEqual(messages(await host.take(session)), [{ inbox_id: one, notice: false }]);
  assert.equal(await host.offers.releaseMessage(99, null), null);
});

test("an agent's own line stands above that for all, and both above the settings", async (t) => {
  const host = await offersHost(t);
  host.defaults = { policy: "hold", unverified: "ask" };
  const [one, two] = [await host.session("s1", "builder"), await host.session("s2", "tester")];
  const to = { builder: await host.arrives("a"), tester: await host.arrives("b", "tester") };
  assert.deepEqual(messages(await host.take(one)), []);
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "auto", until: null });
  await host.offers.setPolicy({ sender: bob, agent: "tester", policy: "block", until: null });
  assert.deepEqual(messages(await host.take(one)), [{ inbox_id: to.builder, notice: false }]);
  assert.deepEqual(messages(await host.take(two)), []);
  await host.offers.dropPolicy(bob, "tester");
  assert.deepEqual(messages(await host.take(two)), [{ inbox_id: to.tester, notice: false }]);
});

test("a line that ends lets what waited in at that time", async (t) => {
  const host = await offersHost(t);
  const until = host.clock.now() + hour;
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "mute", until });
  const inbox_id = await host.arrives("hello");
  assert.deepEqual(messages(await host.take(await host.session("s1", "builder"))), []);
  assert.equal(host.offers.nextChangeAt(host.clock.now()), until);
  host.clock.advance(hour);
  assert.deepEqual(messages(await host.take(await host.session("s1", "builder"))), [{ inbox_id, notice: false }]);
  assert.deepEqual(host.offers.policies().items, []);
});

test("what nobody has signed is only told of, also where its named sender may be put in", async (t) => {
  const host = await offersHost(t);
  await host.offers.setPolicy({ sender: bob, agent: null, policy: "auto", until: null });
  const inbox_id = await host.arrives("hello", "builder", {}, { verified: false });
  const session = await host.session("s1", "builder");
  host.defaults = { policy: "auto", unverified: "mute" };
  assert.deepEqual(messages(await host.take(session)), []);
  host.defaults = { policy: "auto", unverified: "ask" };
  assert.deepEqual(messages(await host.take(session)), [{ inbox_id, notice: true }]);
});

test("a policy of an agent goes with its name", async (t) => {
  const host = await offersHost(t);
  await host.session("s1", "builder");
  await host.offers.setPolicy({ sender: bob, agent: "builder", policy: "mute", until: null });
  await host.agents.rename("builder", "maker");
  assert.deepEqual(
    host.offers.policies().items.map(({ agent, policy }) => ({ agent, policy })),
    [{ agent: "maker", policy: "mute" }],
  );
  await host.offers.setPolicy({ sender: bob, agent: "builder", policy: "block", until: null });
  assert.equal(host.offers.policies().items[0]?.policy, "block");
  await assert.rejects(host.offers.setPolicy({ sender: bob, agent: "nobody", policy: "block", until: null }), {
    code: "unknown_agent",
  });
});

test("what the offers of an agent say tells why something waits", async (t) => {
  const host = await offersHost(t);
  await host.session("s1", "builder");
  await host.offers.setPolicy({ sender: eve, agent: null, policy: "block", until: null });
  await host.arrives("free");
  await host.arrives("blocked", "builder", { sender: eve });
  const { items } = host.offers.ofAgent("builder", { cursor: null, limit: 10, open: true });
  assert.deepEqual(
    items.map(({ state, policy, way }) => ({ state, policy, way })),
    [
      { state: "waiting", policy: "block", way: null },
      { state: "waiting", policy: "auto", way: null },
    ],
  );
  assert.equal(host.offers.waiting("builder"), 1);
  const first = host.offers.ofAgent("builder", { cursor: null, limit: 1, open: true });
  const second = host.offers.ofAgent("builder", { cursor: first.next_cursor, limit: 1, open: true });
  assert.deepEqual([...first.items, ...second.items], items);
});
