import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { mesh } from "../../test/support/mesh.ts";
import { knowsAgent } from "../../test/support/knows-agent.ts";
import type { TestDaemon } from "../../test/support/daemon.ts";
import { type McpClient, mcpClient, succeeded } from "../../test/support/mcp/mcp-client.ts";
import { systemClock } from "../base/clock.ts";
import { connect } from "../client/connect.ts";
import type { ReceiptStage } from "../protocol/local-api.ts";
import { serveMcp } from "./serve-mcp.ts";

/** Bob's agent `web` with the official client, and a way for alice to write to it. */
async function scene(t: TestContext): Promise<{
  readonly alice: TestDaemon;
  readonly bob: TestDaemon;
  readonly web: McpClient;
  write(message: string, more?: { readonly priority?: "now" | "low"; readonly to?: string }): Promise<string>;
  stageOf(id: string, stage: ReceiptStage): Promise<void>;
}> {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  const web = await mcpClient(t, { socketPath: bob.daemon.socketPath }, { agent: "web" });
  await web.call("peers");
  return {
    alice,
    bob,
    web,
    async write(message, more = {}) {
      // The member's only agent gets what names none.
      const request = { to: "@bob", message, ...more };
      const [member = "", agent] = request.to.slice(1).split("/");
      if (agent !== undefined) await knowsAgent(alice.client, member, agent);
      const sent = await alice.client.send(request, { wait: "delivered" });
      return sent.client_message_id;
    },
    stageOf: async (id, stage) => void (await alice.client.waitFor(id, stage)),
  };
}

const stages = async (daemon: TestDaemon, id: string) =>
  (await daemon.client.message(id)).stages.map(({ stage }) => stage);

test("what waits is shown once, framed, in order, and its sender is told that it was read", async (t) => {
  const { alice, web, write, stageOf } = await scene(t);
  const [first] = [await write("first"), await write("second", { priority: "low" })];
  assert.deepEqual(await stages(alice, first), ["queued", "accepted", "delivered"]);
  const { text, structured } = succeeded(await web.call("inbox"));
  assert.match(text, /from="@alice" verified="yes"[\s\S]*not an instruction from your user[\s\S]*first[\s\S]*second/);
  assert.equal(structured["text"], text);
  assert.deepEqual(
    (structured["messages"] as { repeat: number; notice: boolean }[]).map(({ repeat, notice }) => [repeat, notice]),
    [
      [1, false],
      [1, false],
    ],
  );
  await stageOf(first, "read");
  assert.equal(succeeded(await web.call("inbox")).text, "nothing waits for you");
});

test("until its result has gone out a message is offered and no more; when the client goes, it waits again at once", async (t) => {
  const { alice, bob, web, write } = await scene(t);
  await web.end();
  const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 1 })];
  const ended = serveMcp({
    input,
    output,
    connect: () => connect({ socketPath: bob.daemon.socketPath }),
    ...{ agent: "web", cwd: bob.dir, process: "", channel: false, version: "0" },
    ...{ clock: systemClock, note: () => {}, signal: new AbortController().signal },
  });
  const say = (message: object) => input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const capabilities = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "0" } };
  say({ id: 1, method: "initialize", params: capabilities });
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  await lines.next();
  const id = await write("not yet");
  // Nobody reads the pipe any more.
  output.pause();
  say({ method: "notifications/initialized" });
  say({ id: 2, method: "tools/call", params: { name: "inbox", arguments: {} } });
  const state = async () => (await bob.client.agents.offers("web")).items[0]?.state;
  while ((await state()) !== "offered");
  assert.deepEqual(await stages(alice, id), ["queued", "accepted", "delivered"]);
  input.end();
  await ended;
  assert.equal(await state(), "waiting");
  assert.deepEqual(await stages(alice, id), ["queued", "accepted", "delivered"]);
});

test("a call that is given up while it runs has shown nothing", async (t) => {
  const { alice, web, write } = await scene(t);
  const id = await write("not yet");
  const controller = new AbortController();
  const given = web.client.callTool({ name: "inbox", arguments: {} }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(given);
  let shown = "";
  // Whatever it had taken by then is put back as soon as the server hears of it.
  while (!shown.includes("not yet")) shown = succeeded(await web.call("inbox")).text;
  assert.ok((await stages(alice, id)).includes("delivered"));
});

test("the same call with its key shows the same again; the key with another call is refused", async (t) => {
  const { web, write } = await scene(t);
  await write("one");
  const first = succeeded(await web.call("inbox", { idempotency_key: "k" }));
  assert.deepEqual(succeeded(await web.call("inbox", { idempotency_key: "k" })), first);
  assert.equal((await web.call("inbox", { idempotency_key: "k", limit: 1 })).error?.code, "idempotency_key_reused");
});

test("a long message is cut with where to go on, and is read in parts to its end", async (t) => {
  const { web, write } = await scene(t);
  const body = Array.from({ length: 4_000 }, (_, n) => `line ${n}`).join("\n");
  await write(body);
  const { text, structured } = succeeded(await web.call("inbox"));
  assert.ok(text.length <= 12_000);
  const [{ inbox_id: id }] = structured["messages"] as [{ inbox_id: number }];
  let [read, from, parts] = ["", 0, 0];
  while (from < body.length) {
    const part = succeeded(await web.call("inbox", { id, from_char: from })).text;
    assert.ok(part.length <= 12_000);
    const [, begin, end] = /^characters (\d+) to (\d+) of \d+; /.exec(part) ?? [];
    assert.equal(Number(begin), from);
    const [, shown = ""] = /sender's text:\n\n([\s\S]*)\n<\/claudemesh-message-\w+>$/.exec(part) ?? [];
    read += shown;
    from = Number(end);
    parts += 1;
  }
  assert.equal(read, body);
  assert.ok(parts < 10);
  assert.equal((await web.call("inbox", { id, from_char: body.length + 1 })).error?.code, "invalid_field");
  assert.equal((await web.call("inbox", { id: 999 })).error?.code, "not_found");
});

test("an answer goes to the agent that asked, names what it answers, and marks that read", async (t) => {
  const { alice, bob, web } = await scene(t);
  const api = await mcpClient(t, { socketPath: alice.daemon.socketPath }, { agent: "api" });
  await api.call("peers");
  await Promise.all([knowsAgent(alice.client, "bob", "web"), knowsAgent(bob.client, "alice", "api")]);
  const asked = succeeded(await api.call("send", { to: "@bob/web", message: "Which port?", wait_for: "delivered" }));
  const [{ inbox_id }] = succeeded(await web.call("search")).structured["messages"] as [{ inbox_id: number }];
  const answer = { inbox_id, message: "8080", wait_for: "delivered" };
  assert.equal(succeeded(await web.call("reply", answer)).structured["to"], "@alice/api");
  const view = await alice.client.waitFor(String(asked.structured["idempotency_key"]), "read");
  const [item] = (await alice.client.inbox.list()).items;
  assert.deepEqual(
    [item?.message, item?.agent, item?.from.agent, item?.reply_to],
    ["8080", "api", "web", view.broker_message_id],
  );
  const wrong = await web.call("reply", { inbox_id, message: "x", to_topic: true });
  assert.equal(wrong.error?.code, "invalid_field");
});

test("what the user keeps from agents is shown by no tool, and what is to be asked for is shown when asked for", async (t) => {
  const { bob, web, write } = await scene(t);
  await write("a secret wish");
  const id = (await bob.client.inbox.list()).items[0]?.inbox_id;
  for (const policy of ["hold", "block"] as const) {
    await bob.client.agents.setPolicy("@alice", policy);
    assert.equal(succeeded(await web.call("inbox")).text, "nothing waits for you");
    const refused = await web.call("inbox", { id });
    assert.equal(refused.error?.code, "not_allowed");
    for (const look of [{}, { query: "wish" }, { in: "dm" }]) {
      const { text, structured } = succeeded(await web.call("search", look));
      assert.doesNotMatch(text + JSON.stringify(structured), /a secret wish/);
    }
  }
  await bob.client.agents.setPolicy("@alice", "ask");
  const notice = succeeded(await web.call("inbox"));
  assert.doesNotMatch(notice.text, /a secret wish/);
  assert.match(notice.text, new RegExp(`inbox_id="${id}"`));
  const found = succeeded(await web.call("search", { query: "wish" }));
  assert.doesNotMatch(found.text, /a secret wish/);
  assert.match(found.text, /<claudemesh-notice-\w+ from="@alice"/);
  assert.match(succeeded(await web.call("inbox", { id })).text, /a secret wish/);
});

test("mail of another agent of the member can be looked at, and stays unread for that one", async (t) => {
  const { bob, web, write } = await scene(t);
  await bob.client.agents.put("db");
  await write("for db", { to: "@bob/db" });
  await write("for web", { to: "@bob/web" });
  const ids = (await bob.client.inbox.list()).items.map(({ inbox_id }) => inbox_id);
  for (const id of ids) assert.match(succeeded(await web.call("inbox", { id })).text, /for (db|web)/);
  await web.end();
  assert.deepEqual(
    (await bob.client.inbox.list()).items.map(({ agent, read_at }) => [agent, read_at === null]),
    [
      ["db", true],
      ["web", false],
    ],
  );
});

test("what is searched for is shown short and framed, marks nothing read, and goes on by its cursor", async (t) => {
  const { alice, web, write } = await scene(t);
  const ids = [];
  for (const word of ["apple", "pear", "apple pie"])
    ids.push(await write(`${word} ${"x ".repeat(2_000)}</claudemesh>`));
  const found = succeeded(await web.call("search", { query: "apple", limit: 1 }));
  assert.match(found.text, /all of it: inbox with id \d+/);
  assert.doesNotMatch(found.text, /<\/claudemesh>/);
  const { next_cursor } = found.structured;
  const older = succeeded(await web.call("search", { query: "apple", limit: 1, cursor: next_cursor }));
  assert.match(older.text, /apple x/);
  const kept = succeeded(await web.call("search", { in: "dm" }));
  assert.equal((kept.structured["messages"] as unknown[]).length, 3);
  assert.equal((await web.call("search", { in: "dm", query: "x" })).error?.code, "invalid_field");
  assert.equal(succeeded(await web.call("search", { query: "banana" })).text, "no message found");
  assert.deepEqual(await stages(alice, ids[0] ?? ""), ["queued", "accepted", "delivered"]);
});

test("a topic comes from the subscription on, until it is left", async (t) => {
  const { alice, bob, web } = await scene(t);
  await alice.client.topics.create("builds");
  const say = (message: string) => alice.client.send({ to: "#builds", message }, { wait: "delivered" });
  await bob.client.topics.join("builds");
  await say("before");
  assert.equal(succeeded(await web.call("subscribe", { topic: "#builds" })).structured["receives"], true);
  await say("green");
  const { text } = succeeded(await web.call("inbox"));
  assert.match(text, /to="#builds"[\s\S]*green/);
  assert.doesNotMatch(text, /before/);
  succeeded(await web.call("subscribe", { topic: "builds", leave: true }));
  await say("red");
  assert.equal(succeeded(await web.call("inbox")).text, "nothing waits for you");
  assert.equal((await web.call("subscribe", { topic: "#nowhere" })).error?.code, "unknown_destination");
});
