import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import type { LiveSession } from "./agents.ts";
import { createDeliver } from "./deliver.ts";
import { type OffersHost, offersHost } from "./offers.fixture.ts";
import type { PutIn, PutOutcome, WayAdapter } from "./way-adapter.ts";

/** A socket as the tests see it: what was put into which session, and what it answers. */
interface TestSocket extends WayAdapter {
  readonly put: { readonly session: string; readonly message: PutIn }[];
  answer: (session: LiveSession) => PutOutcome | Promise<PutOutcome>;
  /** Resolves once so many messages were put in. */
  reached(count: number): Promise<void>;
}

function testSocket(): TestSocket {
  const waiting: { count: number; resolve: () => void }[] = [];
  const socket: TestSocket = {
    way: "socket",
    charsMax: 32_000,
    put: [],
    answer: () => ({ state: "written" }),
    serves: ({ socketPath }) => socketPath !== "",
    async offer(session, message) {
      socket.put.push({ session: session.sessionId, message });
      for (const one of waiting.splice(0)) socket.put.length >= one.count ? one.resolve() : waiting.push(one);
      return socket.answer(session);
    },
    reached: (count) =>
      new Promise((resolve) => {
        if (socket.put.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
  return socket;
}

async function delivering(t: TestContext, host: OffersHost, socket: TestSocket) {
  const { agents, offers, inbox, clock } = host;
  const deliver = createDeliver({ agents, offers, inbox, adapters: [socket], clock, log: silentLog });
  await deliver.start();
  t.after(() => deliver.stop());
  return deliver;
}

/** All that was begun has been done: whatever deliver does then is a commit, and this one comes after it. */
async function settled(host: OffersHost): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await host.inbox.setFact("turn", String(turn));
}

const at = (path: string) => ({ socketPath: path });
const texts = (socket: TestSocket) => socket.put.map(({ message: { text } }) => /\n\n(.*)\n<\//s.exec(text)?.[1]);

test("a message that arrives is put into the live session of its agent, each once and in order", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  for (const text of ["one", "two", "three"]) await host.arrives(text);
  await host.arrives("not for it", "tester");
  await socket.reached(3);
  await settled(host);
  assert.deepEqual(texts(socket), ["one", "two", "three"]);
  assert.ok(socket.put.every(({ session }) => session === "s1"));
});

test("what waited is put in when a session comes, forty messages as one", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await delivering(t, host, socket);
  for (let n = 0; n < 40; n += 1) await host.arrives(`m${n}`);
  await host.session("s1", "builder", at("/s1"));
  await socket.reached(40);
  assert.deepEqual(
    texts(socket),
    Array.from({ length: 40 }, (_, n) => `m${n}`),
  );
});

test("low priority, and a session without a socket, are left to the hooks", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await delivering(t, host, socket);
  await host.session("s1", "builder", at("/s1"));
  await host.session("s2", "tester");
  await host.arrives("low", "builder", { priority: "low" });
  await host.arrives("hooks only", "tester");
  await host.arrives("now", "builder", { priority: "now" });
  await socket.reached(1);
  await settled(host);
  assert.deepEqual(texts(socket), ["now"]);
  assert.equal(socket.put[0]?.message.priority, "now");
});

test("what was not confirmed is put in again when its lease ends, as a repeat", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  await settled(host);
  host.clock.advance(30_001);
  await socket.reached(2);
  assert.match(socket.put[1]?.message.text ?? "", /repeat="2"/);
  assert.notEqual(socket.put[0]?.message.offer_id, socket.put[1]?.message.offer_id);
});

test("what was confirmed is not put in again", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  await host.offers.told(socket.put[0]?.message.offer_id ?? "", "injected", null);
  host.clock.advance(60_000);
  await settled(host);
  assert.equal(socket.put.length, 1);
  assert.deepEqual(host.receipts(), ["injected"]);
});

test("a session that takes nothing now is left alone for as long as it asks, and its mail stays", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  socket.answer = () => ({ state: "failed", reason: "burst refused", retryAfterMs: 2_000, gone: false });
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  await host.arrives("more");
  await settled(host);
  assert.equal(socket.put.length, 1);
  socket.answer = () => ({ state: "written" });
  host.clock.advance(2_001);
  await socket.reached(3);
  assert.deepEqual(texts(socket), ["hello", "hello", "more"]);
  // Nothing was put in by the first one.
  assert.ok(socket.put.every(({ message: { text } }) => !text.includes('repeat="')));
});

test("a session whose socket is gone is tried again only when something is heard of it; another one takes its place", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  socket.answer = ({ sessionId }) =>
    sessionId === "s1"
      ? { state: "failed", reason: "ECONNREFUSED", retryAfterMs: null, gone: true }
      : { state: "written" };
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  host.clock.advance(60_000);
  await settled(host);
  assert.equal(socket.put.length, 1);
  const next = await host.session("s2", "builder", { ...at("/s2"), source: "clear", process: "s1:1" });
  await socket.reached(2);
  assert.deepEqual(socket.put.at(-1)?.session, next.sessionId);
});

test("a restart in the middle puts in again what was not confirmed, and nothing else", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  const first = await delivering(t, host, socket);
  await host.arrives("confirmed");
  await host.arrives("not confirmed");
  await socket.reached(2);
  await host.offers.told(socket.put[0]?.message.offer_id ?? "", "injected", null);
  await first.stop();
  await host.restart();
  await delivering(t, host, socket);
  await settled(host);
  assert.equal(socket.put.length, 2);
  host.clock.advance(30_001);
  await socket.reached(3);
  assert.deepEqual(texts(socket).slice(2), ["not confirmed"]);
});

test("what a session held that ended while no daemon ran waits for the next one", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  const first = await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  await host.offers.told(socket.put[0]?.message.offer_id ?? "", "held", null);
  await first.stop();
  host.clock.advance(100_000);
  await host.restart();
  await delivering(t, host, socket);
  await host.session("s2", "builder", at("/s2"));
  await socket.reached(2);
  assert.equal(socket.put[1]?.session, "s2");
});

test("a policy that changes lets in what waited", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  await host.session("s1", "builder", at("/s1"));
  await delivering(t, host, socket);
  host.defaults = { policy: "hold", unverified: "hold" };
  await host.arrives("hello");
  await settled(host);
  assert.equal(socket.put.length, 0);
  await host.offers.setPolicy({ sender: "b".repeat(64), agent: null, policy: "auto", until: null });
  await socket.reached(1);
});

test("a stop waits for what is under way, and nothing begins after it", async (t) => {
  const host = await offersHost(t);
  const socket = testSocket();
  const gate = Promise.withResolvers<PutOutcome>();
  socket.answer = () => gate.promise;
  await host.session("s1", "builder", at("/s1"));
  const deliver = await delivering(t, host, socket);
  await host.arrives("hello");
  await socket.reached(1);
  const stopped = deliver.stop();
  gate.resolve({ state: "written" });
  await stopped;
  await host.arrives("more");
  await settled(host);
  assert.equal(socket.put.length, 1);
});
