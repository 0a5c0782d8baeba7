import assert from "node:assert/strict";
import { test } from "node:test";
import type { OfferView, Taken, Way } from "../../protocol/offers-api.ts";
import type { SessionKey } from "./agents.ts";
import { type OffersHost, offersHost } from "./offers.fixture.ts";

async function putIn(host: OffersHost, session: SessionKey, way: Way): Promise<Taken> {
  const taken = await host.take(session, { way });
  if (way !== "channel") await host.offers.confirm(session, idsOf(taken), { read: false });
  return taken;
}

const idsOf = ({ offers }: Taken) => offers.map(({ offer_id }) => offer_id);

function stateOf(host: OffersHost): Pick<OfferView, "state" | "reason"> {
  const [item] = host.offers.ofAgent("builder", { cursor: null, limit: 10, open: false }).items;
  assert.ok(item !== undefined);
  return { state: item.state, reason: item.reason };
}

test("what a hook has put in is read when the session goes on, and not by a hook that began before", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const startedBefore = host.clock.now();
  host.clock.advance(10);
  await putIn(host, session, "hook");
  await host.offers.heard(session, { at: startedBefore, status: "busy" });
  await host.offers.heard(session, { at: host.clock.now(), status: "busy" });
  assert.deepEqual(host.receipts(), ["injected"]);
  host.clock.advance(10);
  await host.offers.heard({ ...session, sessionId: "another" }, { at: host.clock.now(), status: "busy" });
  assert.deepEqual(host.receipts(), ["injected"]);
  await host.offers.heard(session, { at: host.clock.now(), status: "busy" });
  assert.deepEqual(host.receipts(), ["injected", "read"]);
  assert.equal(stateOf(host).state, "read");
});

test("what a hook has taken and never confirmed is not read by a later one", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  await host.take(session);
  host.clock.advance(10);
  await host.offers.heard(session, { at: host.clock.now(), status: "idle" });
  assert.deepEqual(host.receipts(), []);
});

test("what a socket has put in is read once the session has shown it and has come to its end", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const { text } = await putIn(host, session, "socket");
  host.clock.advance(10);
  // A turn that shows nothing of it says nothing of it.
  await host.offers.heard(session, { at: host.clock.now(), status: "idle" });
  assert.deepEqual(host.receipts(), ["injected"]);
  await host.take(session, { prompt: `<cross-session-message>\n${text}\n</cross-session-message>` });
  await host.offers.heard(session, { at: host.clock.now() + 1, status: "busy" });
  assert.deepEqual(host.receipts(), ["injected"]);
  host.clock.advance(10);
  await host.offers.heard(session, { at: host.clock.now(), status: "idle" });
  assert.deepEqual(host.receipts(), ["injected", "read"]);
});

test("what a channel has brought is injected only once the session shows it, and comes by a hook otherwise", async (t) => {
  const host = await offersHost(t);
  const [shown, lost] = [await host.arrives("shown"), await host.arrives("lost")];
  const session = await host.session("s1", "builder");
  const first = await host.take(session, { way: "channel", limit: 1 });
  await host.take(session, { way: "channel", limit: 1 });
  await host.take(session, { prompt: first.text });
  assert.deepEqual(host.receipts(), ["injected"]);
  host.clock.advance(31_000);
  // It would be repeated for ever: nobody confirms what a channel brings.
  assert.deepEqual((await host.take(session, { way: "channel" })).offers, []);
  const again = await host.take(session);
  assert.deepEqual(
    again.offers.map(({ inbox_id, repeat }) => ({ inbox_id, repeat })),
    [{ inbox_id: lost, repeat: 2 }],
  );
  assert.notEqual(shown, lost);
});

test("an id in a prompt that is no frame of ours says nothing", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  await host.take(session, { way: "channel" });
  const uuid = host.inbox.item(id)?.broker_message_id ?? "";
  for (const prompt of [uuid, `id="${uuid}"`, `<claudemesh-message id="${uuid}">`])
    await host.take(session, { prompt });
  assert.deepEqual(host.receipts(), []);
});

test("a message that the session's user holds is shown as held, and goes on as the user decides", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const [offerId = ""] = idsOf(await host.take(session, { way: "socket" }));
  await host.offers.told(offerId, "held", null);
  assert.deepEqual(stateOf(host), { state: "held", reason: "the session's user decides" });
  host.clock.advance(60_000);
  await host.agents.heard(session);
  assert.deepEqual((await host.take(session)).offers, []);
  // Also after a restart of the daemon.
  await host.restart();
  await host.offers.told(offerId, "injected", null);
  assert.deepEqual(host.receipts(), ["injected"]);
});

test("a message that the session's user refuses is not offered again until it is released", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const [offerId = ""] = idsOf(await host.take(session, { way: "socket" }));
  await host.offers.told(offerId, "denied", "refused by crossSessionInbound");
  assert.deepEqual(stateOf(host), { state: "denied", reason: "refused by crossSessionInbound" });
  host.clock.advance(60_000);
  await host.agents.heard(session);
  assert.deepEqual((await host.take(session)).offers, []);
  assert.deepEqual(await host.offers.releaseMessage(id, null), { released: ["builder"] });
  assert.equal((await host.take(session)).offers[0]?.repeat, 2);
  assert.deepEqual(host.receipts(), []);
});

test("what a session lets expire, or does not answer, waits again", async (t) => {
  const host = await offersHost(t);
  await host.arrives("hello");
  const session = await host.session("s1", "builder");
  for (const [outcome, repeat] of [
    ["expired", 2],
    ["lost", 4],
  ] as const) {
    const [offerId = ""] = idsOf(await host.take(session, { way: "socket" }));
    await host.offers.told(offerId, outcome, null);
    const [again] = (await host.take(session)).offers;
    assert.equal(again?.repeat, repeat);
    await host.offers.giveBack(session, [again?.offer_id ?? ""], { reason: "r", delayMs: 0 });
  }
});

test("held messages of a session that ends wait for the next one", async (t) => {
  const host = await offersHost(t);
  const id = await host.arrives("hello");
  const session = await host.session("s1", "builder");
  const [offerId = ""] = idsOf(await host.take(session, { way: "socket" }));
  await host.offers.told(offerId, "held", null);
  host.clock.advance(91_000);
  await host.offers.reconsider("builder");
  const next = await host.session("s2", "builder");
  assert.deepEqual(
    (await host.take(next)).offers.map(({ inbox_id }) => inbox_id),
    [id],
  );
});
