import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxItem, MessageView, OutboxRowView, SendResult } from "../../src/protocol/local-api.ts";
import type { MemberView } from "../../src/protocol/membership-api.ts";
import type { TestHost } from "../support/claudemesh.ts";
import { ok } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";

async function json<T>(of: TestHost, ...args: readonly string[]): Promise<T> {
  return JSON.parse(ok(await of.run([...args, "--json"]))) as T;
}

/** Texts of what a command shows, in its order, and the command it names for going on. */
async function shown(of: TestHost, ...args: readonly string[]): Promise<{ texts: string[]; more: string | null }> {
  const ran = await of.run(args);
  const texts = ok(ran)
    .split("\n")
    .filter((line) => line.startsWith("  "))
    .map((line) => line.trim());
  return { texts, more: /^older ones: claudemesh (.*)\n$/.exec(ran.stderr)?.[1] ?? null };
}

test("history, search, mentions and inbox show messages alike: a page of the newest, oldest of them first", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "builds"]));
  ok(await bob.run(["topic", "join", "builds"]));
  for (const text of ["build one is red", "build two is red", "build three is green"])
    ok(await alice.run(["send", "#builds", text, "--mention", "@bob", "--wait", "delivered"]));
  ok(await bob.run(["send", "@alice", "thanks", "--wait", "delivered"]));
  for (const [command, expected] of [
    [
      ["history", "#builds"],
      ["build two is red", "build three is green", "build one is red"],
    ],
    [["mentions"], ["build two is red", "build three is green", "build one is red"]],
    [
      ["search", "build"],
      ["build two is red", "build three is green", "build one is red"],
    ],
  ] as const) {
    const page = await shown(bob, ...command, "--limit", "2");
    assert.deepEqual(page.texts, expected.slice(0, 2), command.join(" "));
    const words = (page.more ?? "").split(" ").map((word) => word.replaceAll("'", ""));
    assert.deepEqual(await shown(bob, ...words), { texts: expected.slice(2), more: null }, command.join(" "));
  }
  assert.deepEqual((await shown(bob, "search", "red", "two")).texts, ["build two is red"]);
  assert.deepEqual((await shown(bob, "history", "dm")).texts, ["thanks"]);
  assert.deepEqual((await shown(bob, "history", "@me")).texts, ["thanks"]);
  const { items } = await json<{ items: InboxItem[] }>(bob, "history", "#builds");
  assert.deepEqual(
    items.map(({ message, from, to, verified }) => [message, from.name, to, verified]),
    ["build one is red", "build two is red", "build three is green"].map((text) => [text, "alice", "#builds", true]),
  );
  const nothing = await bob.run(["search", "purple"]);
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, "", "no messages\n"]);
  assert.equal((await alice.run(["history", "@bob"])).code, 2);
  ok(await bob.run(["topic", "leave", "builds"]));
  const left = await bob.run(["history", "#builds"]);
  assert.equal(left.code, 1);
  assert.match(left.stderr, /not_subscribed/);
});

test("one message is shown in full, received or sent, with every stage that it reached", async (t) => {
  const { alice, bob } = await cliPair(t);
  const meta = '{"build":42}';
  ok(await alice.run(["send", "@bob", "line one\nline two", "--id", "full", "--meta", meta, "--wait", "delivered"]));
  const text = ok(await bob.run(["inbox", "show", "1"]));
  assert.match(text, /^message +#1\nfrom +@alice /);
  assert.match(text, /\nread +not yet\n/);
  assert.match(text, /\nmeta +\{"build":42\}\n/);
  assert.match(text, /\n\nline one\nline two\n$/);
  assert.notEqual((await json<InboxItem>(bob, "inbox", "show", "#1", "--mark-read")).read_at, null);
  assert.equal((await bob.run(["inbox", "show", "2"])).code, 7);

  ok(await alice.run(["send", "@bob", "line one\nline two", "--id", "full", "--meta", meta, "--wait", "read"]));
  const stages = ok(await alice.run(["messages", "show", "full"]))
    .split("\n")
    .filter((line) => / \d{4}-\d\d-\d\dT/.test(line))
    .map((line) => line.split(" ")[0]);
  assert.deepEqual(
    stages,
    ["queued", "accepted", "delivered", "injected", "read"].filter((stage) => stages.includes(stage)),
  );
  assert.ok(stages.includes("read"));
  const view = await json<MessageView & { supersedes: number | null }>(alice, "messages", "show", "1");
  assert.deepEqual([view.client_message_id, view.status, view.supersedes], ["full", "done", null]);
  const unknown = await alice.run(["messages", "show", "fulll"]);
  assert.equal(unknown.code, 7);
  assert.match(unknown.stderr, /hint: claudemesh outbox list/);

  // From an agent, and answered: it is shown wherever the sender is, and the answer goes to it.
  ok(await alice.run(["agent", "attach", "backend"]));
  ok(await alice.run(["send", "@bob", "which port?", "--from-agent", "backend", "--wait", "delivered"]));
  assert.match(ok(await bob.run(["inbox", "show", "2"])), /^message +#2\nfrom +@alice\/backend /);
  assert.match(ok(await bob.run(["inbox", "--unread"])), /^@alice\/backend → @bob /);
  assert.match(
    ok(await bob.run(["reply", "2", "8080", "--id", "answer", "--wait", "delivered"])),
    /^delivered answer\n$/,
  );
  assert.equal(ok(await bob.run(["inbox", "--unread"])), "", "what was answered is read");
  assert.match(ok(await alice.run(["inbox", "--agent", "backend"])), /^@bob → @alice\/backend .*\n {2}8080\n$/);
  const named = { env: { CLAUDEMESH_AGENT: "backend" } };
  ok(await alice.run(["send", "@bob", "by the environment", "--wait", "delivered"], named));
  assert.equal((await json<InboxItem>(bob, "inbox", "show", "3")).from.agent, "backend");
  const nobody = await alice.run(["send", "@bob", "hello", "--from-agent", "bakend"]);
  assert.equal(nobody.code, 7);
  assert.match(nobody.stderr, /there is no agent bakend here .*\nhint: did you mean backend\?/);
  const nothing = await bob.run(["reply", "99", "hello"]);
  assert.deepEqual([nothing.code, (await bob.run(["reply", "x", "hello"])).code], [7, 2]);
});

test("a message that replaced another says so wherever it is shown, and so does the one replaced", async (t) => {
  const { alice } = await cliPair(t);
  ok(await alice.run(["broker", "down"]));
  const first = await json<SendResult>(alice, "send", "@bob", "one");
  const second = await json<OutboxRowView>(alice, "outbox", "requeue", String(first.outbox_id));
  const list = ok(await alice.run(["outbox", "list"])).split("\n");
  assert.match(
    list.find((line) => line.startsWith(`${first.outbox_id} `)) ?? "",
    new RegExp(` superseded by ${second.outbox_id}$`),
  );
  assert.match(
    list.find((line) => line.startsWith(`${second.outbox_id} `)) ?? "",
    new RegExp(` supersedes ${first.outbox_id}$`),
  );
  const shownFirst = await alice.run(["messages", "show", String(first.outbox_id)]);
  assert.match(ok(shownFirst), new RegExp(`\\nreplaced +by row ${second.outbox_id}: `));
  assert.match(
    shownFirst.stderr,
    new RegExp(`^hint: claudemesh outbox inspect ${first.outbox_id} shows the whole chain`),
  );
  assert.match(
    ok(await alice.run(["outbox", "inspect", String(second.outbox_id)])),
    new RegExp(
      `\\nreplaces +row ${first.outbox_id}: .*\\nchain +${first.outbox_id} aborted → ${second.outbox_id} pending\\n$`,
    ),
  );
});

test("members tell who is online, and that it is old news once the link is down; peers is the same command", async (t) => {
  const { alice, bob } = await cliPair(t);
  const table = await alice.run(["members"]);
  assert.match(ok(table), /^ADDRESS +ROLE +LINK +LAST SEEN +AGENTS\n/);
  assert.equal(table.stderr, "");
  assert.match(table.stdout, /\n@bob +member +online +\d{4}-\d\d-\d\dT[\d:.]+Z +none\n/);
  ok(await alice.run(["broker", "down"]));
  const old = await alice.run(["peers"]);
  assert.match(ok(old), /\n@bob +member +online /);
  assert.match(old.stderr, /^as last told at \d{4}-[^;]+Z; the link is down \(claudemesh doctor\)\n$/);
  const { members, link, told_at } = await json<{ members: MemberView[]; link: string; told_at: string }>(bob, "peers");
  assert.deepEqual(
    members.map(({ address, agents }) => [address, agents]),
    [
      ["@alice", []],
      ["@bob", []],
    ],
  );
  assert.notEqual(link, "connected");
  assert.ok(Date.parse(told_at) > 0);
  assert.match(ok(await alice.run(["help"])), /\n {2}members /);
  assert.doesNotMatch(ok(await alice.run(["help"])), /peers/);
  assert.match(ok(await alice.run(["help", "peers"])), /\nusage: claudemesh members .*\nalso: claudemesh peers\n/);
});

test("the members of a topic are told, and a topic that is nearly right is asked for", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "builds"]));
  assert.match(ok(await bob.run(["topic", "members", "#builds"])), /^ADDRESS +ROLE +LINK\n@alice +owner +online\n$/);
  ok(await bob.run(["topic", "join", "builds"]));
  const { topic, members } = await json<{ topic: string; members: MemberView[] }>(bob, "topic", "members", "builds");
  assert.deepEqual(
    [topic, members.map(({ address, self }) => [address, self])],
    [
      "builds",
      [
        ["@alice", false],
        ["@bob", true],
      ],
    ],
  );
  for (const words of [
    ["topic", "members", "biulds"],
    ["topic", "join", "biulds"],
    ["send", "#biulds", "x y"],
  ]) {
    const ran = await bob.run(words);
    assert.deepEqual([ran.code, ran.stdout], [7, ""], words.join(" "));
    const retry = words.join(" ").replace("#biulds x y", "'#builds' 'x y'").replace("biulds", "builds");
    assert.ok(ran.stderr.endsWith(`hint: did you mean #builds? claudemesh ${retry}\n`), ran.stderr);
  }
  ok(await alice.run(["broker", "down"]));
  const away = await bob.run(["topic", "members", "builds"]);
  assert.equal(away.code, 8);
});

test("version tells program, daemon and what was negotiated, and less when nothing runs", async (t) => {
  const { alice } = await cliPair(t);
  const running = await json<Record<string, unknown>>(alice, "version");
  assert.deepEqual(Object.keys(running), ["cli", "node", "platform", "daemon"]);
  assert.deepEqual(Object.keys(running["daemon"] as object), [
    "daemon",
    "ipc_api",
    "ipc_features",
    "schema_version",
    "durability",
    "broker_features",
    "required_features",
    "ignored_features",
    "feature_floors",
    "file_bytes",
    "inline_bytes",
  ]);
  assert.match(ok(await alice.run(["version"])), /\nmessage +at most 65483 bytes\nfeature +/);
  ok(await alice.run(["down"]));
  assert.equal((await json<Record<string, unknown>>(alice, "version"))["daemon"], null);
});
