import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connect } from "../../src/client/connect.ts";
import type { InboxItem, OutboxRowView, Page } from "../../src/protocol/local-api.ts";
import { bodyBytesMax } from "../../src/protocol/envelope.ts";
import { limits } from "../../src/protocol/limits.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";

async function inbox(of: TestHost): Promise<readonly InboxItem[]> {
  return (JSON.parse(ok(await of.run(["inbox", "--json", "--limit", "100"]))) as { items: InboxItem[] }).items;
}

test("before anything was started each command says what is missing and what to run", async (t) => {
  const alone = host(t, "alone");
  const sent = await alone.run(["send", "@bob", "hi"]);
  assert.deepEqual([sent.code, sent.stdout], [3, ""]);
  assert.match(sent.stderr, /has no daemon yet \(not_running\)\nhint: claudemesh up\n$/);
  assert.deepEqual(await alone.status(), {
    daemons: [],
    broker: { url: null, exposed_url: null, state: "absent", pid: null, data_dir: null },
  });
  assert.match((await alone.run(["topic", "crate", "x"])).stderr, /did you mean `claudemesh topic create`\?/);
  const wrong = await alone.run(["send", "@bob", "hi", "--wiat", "accepted", "--json"]);
  assert.equal(wrong.code, 2);
  assert.deepEqual(JSON.parse(wrong.stderr), {
    code: "usage",
    message: "`claudemesh send` has no option --wiat",
    hint: "did you mean --wait?",
    retryable: false,
  });
});

test("up starts what is missing, a second up leaves it running, down stops it and keeps the member", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const first = await alice.status();
  assert.deepEqual(Object.keys(first), ["daemons", "broker"]);
  assert.deepEqual(Object.keys(first.daemons[0] ?? {}).sort(), [
    "address",
    "decisions",
    "ends_at",
    "home",
    "http_port",
    "last_end",
    "link",
    "member",
    "membership_trouble",
    "mesh",
    "mode",
    "pid",
    "read_only",
    "socket",
    "state",
    "token_file",
  ]);
  assert.deepEqual(Object.keys(first.broker).sort(), ["data_dir", "exposed_url", "pid", "state", "url"]);
  assert.deepEqual(
    [first.daemons[0]?.address, first.daemons[0]?.mesh, first.daemons[0]?.state, first.broker.state],
    ["@alice", "local", "running", "running"],
  );
  assert.match(ok(await alice.up()), /broker already running .*\ndaemon already running/);
  assert.deepEqual(await alice.status(), first);

  const taken = await alice.run(["up", "--name", "carol"]);
  assert.equal(taken.code, 4);
  assert.match(taken.stderr, /already has the member @alice/);

  assert.equal(ok(await alice.run(["down"])), "daemon of local stopped\nbroker stopped\n");
  assert.equal(ok(await alice.run(["down"])), "daemon of local was not running\nbroker was not running\n");
  const stopped = await alice.status();
  assert.deepEqual(
    [stopped.daemons[0]?.state, stopped.daemons[0]?.pid, stopped.broker.state, stopped.broker.url],
    ["stopped", null, "stopped", first.broker.url],
  );
  ok(await alice.run(["up"]));
  const again = await alice.status();
  assert.equal(again.daemons[0]?.address, "@alice");
  assert.notEqual(again.daemons[0]?.http_port, null, "--http was recorded");
});

test("what was killed is started again by up, and what was queued meanwhile arrives", async (t) => {
  const { alice, bob } = await cliPair(t);
  const { pid } = (await alice.status()).broker;
  process.kill(pid ?? 0, "SIGKILL");
  assert.match(
    ok(await alice.run(["send", "@bob", "while the broker is away", "--id", "away-1"])),
    /^queued away-1\n$/,
  );
  const late = await alice.run([
    "send",
    "@bob",
    "while the broker is away",
    "--id",
    "away-1",
    "--wait",
    "accepted",
    "--timeout",
    "300ms",
  ]);
  assert.deepEqual([late.code, late.stdout], [5, "queued away-1\n"]);
  process.kill((await bob.status()).daemons[0]?.pid ?? 0, "SIGKILL");
  assert.match(ok(await alice.up()), /broker started .*\ndaemon already running/);
  ok(await bob.up("--broker", join(alice.home, "broker")));
  assert.equal(
    ok(await alice.run(["send", "@bob", "while the broker is away", "--id", "away-1", "--wait", "delivered"])),
    "delivered away-1\n",
  );
  assert.deepEqual(
    (await inbox(bob)).map(({ message }) => message),
    ["while the broker is away"],
  );
});

test("direct messages carry text, files, bytes, meta and mentions, and an id sends once", async (t) => {
  const { alice, bob } = await cliPair(t);
  const bytes = Uint8Array.of(0, 255, 1);
  const file = join(alice.home, "report.md");
  writeFileSync(file, "# Report\n");
  ok(
    await alice.run([
      "send",
      "@bob",
      "one",
      "--id",
      "build-42",
      "--meta",
      '{"n": 1}',
      "--mention",
      "@bob",
      "--priority",
      "now",
      "--wait",
      "delivered",
    ]),
  );
  ok(await alice.run(["send", "@bob", "--file", file, "--wait", "delivered"]));
  ok(await alice.run(["send", "@bob", "-", "--wait", "delivered"], { input: bytes }));
  ok(await alice.run(["send", "@BOB", "--wait", "delivered"], { input: "piped\n" }));
  const items = await inbox(bob);
  assert.deepEqual(
    items.map(({ message }) => message),
    ["one", "# Report\n", null, "piped\n"],
  );
  assert.deepEqual(
    [items[0]?.meta, items[0]?.mentions.length, items[0]?.priority, items[0]?.from.name, items[0]?.verified],
    [{ n: 1 }, 1, "now", "alice", true],
  );
  assert.equal(items[2]?.body, Buffer.from(bytes).toString("base64url"));

  assert.match(
    ok(
      await alice.run([
        "send",
        "@bob",
        "one",
        "--id",
        "build-42",
        "--meta",
        '{"n": 1}',
        "--mention",
        "@bob",
        "--priority",
        "now",
      ]),
    ),
    /^accepted build-42 \(it was already/,
  );
  const other = await alice.run(["send", "@bob", "two", "--id", "build-42"]);
  assert.equal(other.code, 4);
  assert.match(other.stderr, /idempotency_key_reused/);
  assert.equal((await inbox(bob)).length, 4);

  const unknown = await alice.run(["send", "@bobb", "hi"]);
  assert.equal(unknown.code, 7);
  assert.match(unknown.stderr, /@bob/);
  const large = await alice.run(["send", "@bob", "-"], {
    input: Buffer.alloc(bodyBytesMax(limits.inlineBytes) + 1, "x"),
  });
  assert.equal(large.code, 1);
  assert.match(large.stderr, new RegExp(`at most ${bodyBytesMax(limits.inlineBytes)}.*Nothing was sent`));
});

test("a message that nobody gave is no empty one: only what is named may be empty", async (t) => {
  const { alice } = await cliPair(t);
  const forgotten = await alice.run(["send", "@bob"]);
  assert.deepEqual([forgotten.code, forgotten.stdout], [2, ""]);
  assert.match(forgotten.stderr, /^error: there is no message: .*\(usage\)\nhint: quote a text that begins with #/);
  for (const empty of ["", "-"]) assert.match(ok(await alice.run(["send", "@bob", empty])), /^queued /);
  assert.match(ok(await alice.run(["send", "@bob"], { input: "piped" })), /^queued /);
});

test("topics are created, joined, listed and left; members are listed", async (t) => {
  const { alice, bob } = await cliPair(t);
  assert.equal(ok(await alice.run(["topic", "create", "builds"])), "created #builds\n");
  assert.equal((await alice.run(["topic", "create", "#builds"])).code, 4);
  assert.equal(ok(await bob.run(["topic", "join", "#builds"])), "joined #builds\n");
  assert.match(
    ok(await alice.run(["send", "#builds", "green", "--wait", "delivered"])),
    /^delivered .* \(\d of \d subscribers\)\n$/,
  );
  assert.deepEqual(
    (await inbox(bob)).map(({ to, topic }) => [to, topic]),
    [["#builds", "builds"]],
  );
  assert.match(ok(await bob.run(["topic", "list"])), /^#builds +2 +yes +all /m);
  assert.equal(ok(await bob.run(["topic", "leave", "builds"])), "left #builds\n");
  assert.equal((await bob.run(["topic", "join", "nothing"])).code, 7);
  const members = JSON.parse(ok(await alice.run(["members", "--json"]))) as {
    members: { address: string; online: boolean; self: boolean }[];
  };
  assert.deepEqual(members.members.map(({ address, self }) => [address, self]).sort(), [
    ["@alice", true],
    ["@bob", false],
  ]);
  const unknown = await alice.run(["history", "#nope"]);
  assert.equal(unknown.code, 7);
  assert.match(unknown.stderr, /hint: claudemesh topic list\n$/);
});

test("rows of the outbox are listed, inspected, requeued and dropped", async (t) => {
  const { alice } = await cliPair(t);
  ok(await alice.run(["broker", "down"]));
  const row = async (args: readonly string[]): Promise<OutboxRowView> =>
    JSON.parse(ok(await alice.run([...args, "--json"]))) as OutboxRowView;
  const sent = await row(["send", "@bob", "first"]);
  const requeued = await row(["outbox", "requeue", String(sent.outbox_id), "--new-id", "again"]);
  assert.deepEqual(
    [requeued.client_message_id, requeued.status, requeued.supersedes],
    ["again", "pending", sent.outbox_id],
  );
  assert.match(
    ok(await alice.run(["outbox", "inspect", String(sent.outbox_id)])),
    new RegExp(`chain +${sent.outbox_id} aborted → ${requeued.outbox_id} pending`),
  );
  assert.equal(ok(await alice.run(["outbox", "drop", String(requeued.outbox_id)])), "aborted again\n");
  const aborted = JSON.parse(
    ok(await alice.run(["outbox", "list", "--state", "aborted", "--json"])),
  ) as Page<OutboxRowView>;
  assert.deepEqual(
    aborted.items.map(({ outbox_id }) => outbox_id),
    [sent.outbox_id, requeued.outbox_id],
  );
  const dropped = await alice.run(["outbox", "drop", String(sent.outbox_id)]);
  assert.equal(dropped.code, 4);
  assert.match(dropped.stderr, /hint: see `claudemesh outbox inspect \d+`\n$/);
  assert.equal((await alice.run(["outbox", "drop", "999"])).code, 7);
  assert.equal((await alice.run(["outbox", "requeue", String(sent.outbox_id)])).code, 4);
  assert.equal((await alice.run(["outbox", "inspect", "x"])).code, 2);
});

test("inbox --follow shows each message as it arrives, across a restart of its daemon", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["send", "@bob", "before", "--wait", "delivered"]));
  const following = bob.start(["inbox", "--follow", "--json", "--limit", "10"]);
  assert.ok(following.stdout !== null);
  const lines = createInterface({ input: following.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => (JSON.parse(String((await lines.next()).value)) as InboxItem).message;
  assert.equal(await next(), "before");
  ok(await alice.run(["send", "@bob", "during"]));
  assert.equal(await next(), "during");
  process.kill((await bob.status()).daemons[0]?.pid ?? 0, "SIGKILL");
  ok(await alice.run(["send", "@bob", "away", "--wait", "accepted"]));
  ok(await bob.run(["daemon", "up"]));
  assert.equal(await next(), "away");
});

test("a message is read only when somebody says so", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["send", "@bob", "look", "--wait", "delivered"]));
  assert.match(ok(await bob.run(["inbox", "--unread"])), /^@alice → @bob .*\[unread\]\n {2}look\n$/);
  ok(await bob.run(["inbox", "--unread", "--mark-read"]));
  const unread = await bob.run(["inbox", "--unread"]);
  assert.deepEqual([unread.stdout, unread.stderr], ["", "no messages\n"]);
});

test("--http opens loopback with the token of the named file, --no-http ends it", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const [daemon] = (await alice.status()).daemons;
  const token = readFileSync(daemon?.token_file ?? "", "utf8").trim();
  const client = connect({ port: daemon?.http_port ?? 0, token });
  assert.equal((await client.health()).member.name, "alice");
  client.close();
  const stranger = connect({ port: daemon?.http_port ?? 0, token: "x".repeat(43) });
  await assert.rejects(stranger.health(), { code: "unauthorized" });
  stranger.close();
  ok(await alice.run(["daemon", "down"]));
  ok(await alice.run(["up", "--no-http"]));
  assert.equal((await alice.status()).daemons[0]?.http_port, null);
  const refused = await alice.run(["up", "--http"]);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /already runs, without --http/);
});

test("two ups at once start one broker and one daemon", async (t) => {
  const alice = host(t, "alice");
  const both = await Promise.all([alice.up(), alice.up()]);
  for (const ran of both) ok(ran);
  assert.equal(both.filter(({ stdout }) => stdout.startsWith("broker started")).length, 1);
});
