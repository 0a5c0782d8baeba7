import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Clock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { createInbox } from "../inbox/inbox.ts";
import type { Inbox } from "../parts.ts";
import { bob, directory, me, noAgents, self } from "./told-directory.fixture.ts";
import { openEvents } from "./event-listener.fixture.ts";
import { heartbeatMs, stalledMs } from "./event-stream.ts";
import { eventRoutes } from "./events.ts";
import { historyRoutes } from "./history.ts";
import { checkedRoutes } from "../../http/checked-routes.fixture.ts";
import { httpCall } from "../../http/http-call.fixture.ts";
import { inboxRoutes } from "./inbox.ts";
import { plainMesh, unsealedMesh } from "../link/unsealed-mesh.fixture.ts";
import { membershipOf } from "../membership/chain.fixture.ts";
import { createTestLink, type TestLink } from "./link.fixture.ts";
import { memberRoutes } from "./members.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { createLocalApi, type LocalApi, localApi } from "./server.ts";
import { type LocalToken, openLocalToken } from "./token.ts";
import { topicRoutes } from "./topics.ts";

describe("what was received", () => {
  let dir: string;
  let inbox: Inbox;
  let link: TestLink;
  let api: LocalApi;
  let token: LocalToken;
  let problems: readonly string[];
  let timers: { at: number; run: () => void }[];
  let now: number;
  const clock: Clock = {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return {
        cancel() {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
  };
  const pass = (ms: number): void => {
    now += ms;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers = timers.filter((other) => other !== timer);
      timer.run();
    }
  };
  const start = async (): Promise<void> => {
    inbox = createInbox({
      path: join(dir, "inbox.db"),
      memberId: me,
      memberName: () => "ada",
      nameOf: () => null,
      clock,
      log: silentLog,
      fatal: (error) => assert.fail(String(error)),
    });
    await inbox.start();
    link = createTestLink(directory);
    token = openLocalToken(dir);
    const events = eventRoutes({ inbox, clock, localToken: () => token });
    const checked = checkedRoutes(
      [
        ...inboxRoutes({ inbox, link, self, clock }),
        ...events.routes,
        ...topicRoutes({ link, membership: membershipOf(null), keyring: unsealedMesh({}).keyring, self }),
        ...memberRoutes({ link, membership: membershipOf(null), self, agents: noAgents }),
        ...historyRoutes({
          link,
          self,
          mesh: plainMesh,
          log: silentLog,
          outbox: { sentContent: () => null },
          ...unsealedMesh({ [bob]: "bob" }),
        }),
      ],
      localApi,
    );
    problems = checked.problems;
    api = createLocalApi({
      routes: checked.routes,
      socketPath: join(dir, "sock"),
      token,
      allowedOrigins: [],
      publicHealthCheck: false,
      clock,
      log: silentLog,
      observe: () => {},
      announce: () => {},
      endStreams: () => events.stop(),
    });
    await api.start();
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "cm-read-"));
    timers = [];
    now = 1_767_225_600_000;
    await start();
  });
  afterEach(async () => {
    await api.stop();
    await inbox.stop();
    rmSync(dir, { recursive: true });
    assert.deepEqual(problems, [], "what is answered is described");
  });
  const get = (path: string) => httpCall({ socketPath: api.socketPath }, "GET", path);
  const post = (path: string, body?: unknown) =>
    httpCall({ socketPath: api.socketPath }, "POST", path, body === undefined ? {} : { body });
  const texts = (answer: { json: Record<string, unknown> }): unknown[] =>
    (answer.json["items"] as { message: string }[]).map(({ message }) => message);

  it("is listed, filtered, searched and marked read, without a broker", async () => {
    await inbox.store(
      [
        checkedPush(1, bob, me, "deploy is done"),
        checkedPush(2, bob, `${me}/reviewer`, "please look"),
        checkedPush(3, bob, "ops", "disk is full", { mentions: [me] }),
        checkedPush(4, me, "ops", "on it"),
      ],
      now,
    );
    assert.deepEqual(texts(await get("/v1/inbox")), ["deploy is done", "please look", "disk is full", "on it"]);
    assert.deepEqual(texts(await get("/v1/inbox?topic=%23ops&from=@bob")), ["disk is full"]);
    assert.deepEqual(texts(await get("/v1/inbox?topic=ops&from=ada")), ["on it"]);
    assert.deepEqual(texts(await get(`/v1/inbox?from=${bob}&agent=reviewer`)), ["please look"]);
    assert.deepEqual(texts(await get("/v1/inbox?since=2&limit=1")), ["disk is full"]);
    assert.deepEqual(texts(await get("/v1/inbox/search?q=disk")), ["disk is full"]);
    assert.deepEqual(texts(await get("/v1/mentions")), ["disk is full"]);
    const page = await get("/v1/inbox?limit=3");
    assert.deepEqual(texts(await get(`/v1/inbox?limit=3&cursor=${String(page.json["next_cursor"])}`)), ["on it"]);
    assert.equal((await get("/v1/inbox/2")).json["message"], "please look");
    const read = await post("/v1/inbox/1/read");
    assert.equal(typeof read.json["read_at"], "string");
    assert.deepEqual(texts(await get("/v1/inbox?unread=true")), ["please look", "disk is full", "on it"]);
    assert.deepEqual(
      inbox
        .pendingReceipts(10)
        .map(({ item }) => item.state)
        .sort(),
      ["delivered", "delivered", "read"],
    );
  });

  it("is asked for wrongly with a code that says how", async () => {
    const code = async (path: string): Promise<unknown> => (await get(path)).json["code"];
    assert.equal(await code("/v1/inbox?form=bob"), "unknown_field");
    assert.equal(await code("/v1/inbox?since=-1"), "invalid_field");
    assert.equal(await code("/v1/inbox?limit=1001"), "invalid_field");
    assert.equal(await code("/v1/inbox?cursor=x"), "invalid_field");
    assert.equal(await code("/v1/inbox?from=nobody"), "unknown_destination");
    assert.equal(await code("/v1/inbox?topic=a%20b"), "invalid_destination");
    assert.equal(await code("/v1/inbox/search"), "missing_field");
    for (const id of ["7", "x", "0", "9".repeat(20)]) assert.equal(await code(`/v1/inbox/${id}`), "not_found");
    assert.equal((await post("/v1/inbox/7/read")).json["code"], "not_found");
    assert.equal((await post("/v1/inbox/x/read")).json["code"], "not_found");
  });

  it("is told as events from now on, or from after the last one seen", async () => {
    await inbox.store([checkedPush(1, bob, me, "one")], now);
    const live = await openEvents(api.socketPath, {});
    assert.equal(live.after, "1", "so that a break before the first event loses none");
    await inbox.store([checkedPush(2, bob, me, "two"), checkedPush(3, bob, me, "three")], now);
    assert.deepEqual(
      (await live.next(2)).map(({ data }) => data["message"]),
      ["two", "three"],
    );
    live.close();
    await inbox.store([checkedPush(4, bob, me, "four")], now);
    const resumed = await openEvents(api.socketPath, { "last-event-id": "1" });
    const again = await resumed.next(3);
    assert.deepEqual(
      again.map(({ data }) => data["message"]),
      ["two", "three", "four"],
    );
    assert.deepEqual(
      again.map(({ event, id }) => [event, id]),
      [
        ["message", 2],
        ["message", 3],
        ["message", 4],
      ],
    );
    resumed.close();
    const since = await openEvents(api.socketPath, {}, "?since=3");
    assert.deepEqual(
      (await since.next(1)).map(({ id }) => id),
      [4],
    );
    since.close();
  });

  it("is told after a restart of the daemon, to a reader that missed it", async () => {
    await inbox.store([checkedPush(1, bob, me, "one"), checkedPush(2, bob, me, "two")], now);
    await api.stop();
    await inbox.stop();
    await start();
    const stream = await openEvents(api.socketPath, { "last-event-id": "1" });
    assert.deepEqual(
      (await stream.next(1)).map(({ data }) => data["message"]),
      ["two"],
    );
    stream.close();
  });

  it("is told in full and in order to a reader slower than its arrival", async () => {
    const count = 1_500;
    const stream = await openEvents(api.socketPath, { "last-event-id": "0" });
    stream.pause();
    const text = "x".repeat(4_000);
    for (let seq = 1; seq <= count; seq += 50) {
      await inbox.store(
        Array.from({ length: 50 }, (_, index) => checkedPush(seq + index, bob, me, text)),
        now,
      );
    }
    stream.resume();
    assert.deepEqual(
      (await stream.next(count)).map(({ id }) => id),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    await inbox.store([checkedPush(count + 1, bob, me, "last")], now);
    assert.deepEqual(
      (await stream.next(1)).map(({ id }) => id),
      [count + 1],
    );
    stream.close();
  });

  it("is told once and in order to a reader that catches up while more arrives", async () => {
    await inbox.store(
      Array.from({ length: 1_000 }, (_, index) => checkedPush(index + 1, bob, me, "x")),
      now,
    );
    const opening = openEvents(api.socketPath, { "last-event-id": "0" });
    for (let seq = 1_001; seq <= 1_200; seq++) await inbox.store([checkedPush(seq, bob, me, "x")], now);
    const stream = await opening;
    for (let seq = 1_201; seq <= 1_300; seq++) await inbox.store([checkedPush(seq, bob, me, "x")], now);
    const told = await stream.next(1_300);
    assert.deepEqual(
      told.map(({ id }) => id),
      Array.from({ length: 1_300 }, (_, index) => index + 1),
    );
    stream.close();
  });

  it("closes a reader that takes nothing for a minute; it resumes where it was", async () => {
    const stream = await openEvents(api.socketPath, { "last-event-id": "0" });
    stream.pause();
    const text = "x".repeat(8_000);
    for (let seq = 1; seq <= 1_000; seq += 100) {
      await inbox.store(
        Array.from({ length: 100 }, (_, index) => checkedPush(seq + index, bob, me, text)),
        now,
      );
    }
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    for (let ms = 0; ms <= stalledMs; ms += heartbeatMs) pass(heartbeatMs);
    stream.resume();
    await stream.ended;
    assert.ok(stream.lastId() < 1_000);
    const resumed = await openEvents(api.socketPath, { "last-event-id": String(stream.lastId()) });
    assert.equal((await resumed.next(1))[0]?.id, stream.lastId() + 1);
    resumed.close();
  });

  it("keeps an idle stream alive by comments", async () => {
    const stream = await openEvents(api.socketPath, {});
    pass(heartbeatMs);
    await stream.comment("heartbeat");
    pass(heartbeatMs);
    await stream.comment("heartbeat");
    stream.close();
  });

  it("ends a stream over TCP once the token that it was opened by holds no more, and no other", async () => {
    const bearer = () => ({ authorization: `Bearer ${readFileSync(join(dir, "local_token"), "utf8").trim()}` });
    const stolen = await openEvents(api.httpPort ?? 0, bearer());
    token.rotate(now);
    const others = [await openEvents(api.httpPort ?? 0, bearer()), await openEvents(api.socketPath, {})];
    pass(heartbeatMs);
    await stolen.comment("heartbeat");
    pass(limits.localTokenGraceMs);
    await stolen.ended;
    for (const stream of others) await stream.comment("heartbeat");
    for (const stream of others) stream.close();
  });

  it("says what a reader has missed for good, and refuses an id that is none", async () => {
    await inbox.store([checkedPush(1, bob, me, "one"), checkedPush(2, bob, me, "two")], now);
    const ahead = await openEvents(api.socketPath, { "last-event-id": "99" });
    const told = await ahead.next(3);
    assert.deepEqual(
      told.map(({ event }) => event),
      ["gap", "message", "message"],
    );
    assert.equal(told[0]?.data["reason"], "ids_restarted");
    ahead.close();
    const wrong = await httpCall({ socketPath: api.socketPath }, "GET", "/v1/events", {
      headers: { "last-event-id": "x" },
    });
    assert.deepEqual([wrong.status, wrong.json["code"]], [400, "invalid_field"]);
    assert.equal((await get("/v1/events?since=soon")).json["code"], "invalid_field");
  });

  it("ends its streams when the daemon stops", async () => {
    const stream = await openEvents(api.socketPath, {});
    await api.stop();
    await stream.ended;
  });

  it("names members and topics from the last directory, and says when there never was one", async () => {
    const told = (await get("/v1/members")).json;
    assert.equal(told["told_at"], "2026-01-02T00:00:00.000Z");
    assert.deepEqual(
      (told["items"] as Record<string, unknown>[]).map(({ address, online, self: own, agents }) => [
        address,
        online,
        own,
        agents,
      ]),
      [
        ["@ada", true, true, []],
        ["@bob", false, false, ["reviewer"]],
      ],
    );
    assert.deepEqual((await get("/v1/topics")).json["items"], [
      { name: "ops", topic_id: "t", subscribers: 2, subscribed: true, unsealed: false, key: null },
    ]);
    link.known = null;
    for (const path of ["/v1/members", "/v1/topics"]) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.json["code"]], [503, "directory_unavailable"]);
    }
  });

  it("asks the broker to change topics, and passes on what it says", async () => {
    const away = await post("/v1/topics", { name: "#new" });
    assert.deepEqual([away.status, away.json["code"]], [503, "broker_unreachable"]);
    link.connected = true;
    link.answers.set("topic_create", { topic_id: "n", name: "new", created_at: "", subscribers: 1, subscribed: true });
    link.answers.set("subscribe", new ClaudemeshError("unknown_destination", "no such topic"));
    const created = await post("/v1/topics", { name: "#New" });
    assert.deepEqual(
      [created.status, created.json],
      [201, { name: "new", topic_id: "n", subscribers: 1, subscribed: true, unsealed: false, key: null }],
    );
    const gone = (await post("/v1/topics/%23gone/subscribe")).json;
    assert.deepEqual([gone["code"], gone["hint"]], ["unknown_destination", "claudemesh topic list"]);
    assert.deepEqual(link.asked.at(-1), { type: "subscribe", topic: "gone" });
    assert.equal((await post("/v1/topics", { name: "a b" })).json["code"], "invalid_destination");
    assert.equal((await post("/v1/topics", {})).json["code"], "missing_field");
    link.answers.set("topic_create", "nonsense");
    assert.equal((await post("/v1/topics", { name: "x" })).json["code"], "protocol_error");
  });

  it("asks the broker who is subscribed to a topic, and says which topic was meant", async () => {
    assert.equal((await get("/v1/topics/ops/members")).json["code"], "broker_unreachable");
    link.connected = true;
    link.answers.set("topic_members", { members: [{ member_id: me, name: "ada", role: "owner", online: true }] });
    assert.deepEqual((await get("/v1/topics/%23Ops/members")).json["items"], [
      { member_id: me, name: "ada", address: "@ada", role: "owner", online: true, self: true },
    ]);
    assert.deepEqual(link.asked.at(-1), { type: "topic_members", topic: "ops" });
    link.answers.set("topic_members", new ClaudemeshError("unknown_destination", "There is no topic #opps."));
    const meant = (await get("/v1/topics/opps/members")).json;
    assert.deepEqual([meant["code"], meant["hint"]], ["unknown_destination", "did you mean #ops?"]);
    const older = ClaudemeshError.fromWire("protocol_error", "unknown frame type", { unknown_type: "topic_members" });
    link.answers.set("topic_members", older);
    assert.equal((await get("/v1/topics/ops/members")).json["code"], "feature_unavailable");
    link.answers.set("topic_members", { members: [null] });
    assert.equal((await get("/v1/topics/ops/members")).json["code"], "protocol_error");
  });

  it("shows the broker's history, and nothing of what its sender did not sign", async () => {
    assert.equal((await get("/v1/history?address=%23ops")).json["code"], "broker_unreachable");
    link.connected = true;
    link.answers.set("history", { items: [checkedPush(9, bob, "ops", "forged").item], next_before_seq: 9 });
    const answer = await get("/v1/history?address=%23ops&limit=1&cursor=10");
    assert.deepEqual(link.asked.at(-1), { type: "history", address: "ops", before_seq: 10, limit: 1 });
    const items = answer.json["items"] as Record<string, unknown>[];
    assert.deepEqual(
      [items[0]?.["verified"], items[0]?.["message"], items[0]?.["body"], answer.json["next_cursor"]],
      [false, undefined, undefined, "9"],
    );
    await get("/v1/history?address=@ada");
    assert.equal(link.asked.at(-1)?.["address"], "dm");
    assert.equal((await get("/v1/history?address=@bob")).json["code"], "invalid_destination");
    assert.equal((await get("/v1/history")).json["code"], "missing_field");
  });
});
