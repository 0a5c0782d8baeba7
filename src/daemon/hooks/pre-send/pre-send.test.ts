import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../../../../test/support/temp-folder.ts";
import { silentLog } from "../../../base/log.ts";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { openDatabase } from "../../../base/sqlite-database.ts";
import { createPreSendRefusals } from "../../outbox/pre-send-refusals.ts";
import { outboxQueries } from "../../outbox/queries.ts";
import type { ClaudemeshError } from "../../../protocol/error.ts";
import { type Answer, httpCall } from "../../../http/http-call.fixture.ts";
import { meshId, type SendHost, startSendHost } from "../../localapi/send-host.fixture.ts";
import type { OutboxRow } from "../../outbox/row.ts";
import { contentHolds } from "../../recover/judge-row.ts";
import { type HookBench, hookBench, runs } from "../hooks.fixture.ts";
import { createPreSend } from "./pre-send.ts";

/** Notes what it is told, under a path of its own, since it runs from what is open. */
const inFolder = (bench: HookBench, script: string): string =>
  `read -r event; echo "$event" >> ${bench.dir}/asked\n${script}`;

interface Host {
  readonly bench: HookBench;
  readonly host: SendHost;
  send(body: Record<string, unknown>): Promise<Answer>;
  /** How often the hook was asked, and what it was told last. */
  asked(): readonly Record<string, unknown>[];
  row(outboxId: unknown): OutboxRow;
  restart(): Promise<void>;
}

async function sending(t: TestContext, script: string, more = ""): Promise<Host> {
  const bench = await hookBench(t, runs("pre-send", more));
  bench.script("pre-send", inFolder(bench, script));
  const dir = tempFolder(t);
  const preSend = createPreSend({ hooks: bench.hooks, log: silentLog });
  let host = await startSendHost(dir, { preSend });
  t.after(() => host.stop());
  const api = {
    bench,
    get host() {
      return host;
    },
    send: (body: Record<string, unknown>) =>
      httpCall(host.targets[0] ?? assert.fail(), "POST", "/v1/send", { body: { to: "@bob", ...body } }),
    asked: () =>
      bench
        .wrote("asked")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { data: Record<string, unknown> }).data),
    row(outboxId: unknown) {
      const database = new DatabaseSync(join(dir, "outbox.db"), { readOnly: true });
      try {
        return database.prepare("SELECT * FROM outbox WHERE id = ?").get(Number(outboxId)) as unknown as OutboxRow;
      } finally {
        database.close();
      }
    },
    async restart() {
      await host.stop();
      host = await startSendHost(dir, { preSend });
    },
  };
  return api;
}

const textOf = ({ body }: OutboxRow): string => Buffer.from(body ?? assert.fail()).toString("utf8");

test("a message that the hook lets pass is stored as it was written, and the hook was told all of it", async (t) => {
  for (const script of ["", "echo '{}'", "echo '   '"]) {
    const { send, asked, row, host } = await sending(t, script);
    const { status, json } = await send({ message: "hello", meta: { a: 1 }, mentions: ["@bob"], priority: "now" });
    assert.equal(status, 202);
    assert.equal(textOf(row(json["outbox_id"])), "hello");
    assert.equal(host.outbox.row(Number(json["outbox_id"]))?.pre_send, "passed");
    assert.deepEqual(asked(), [
      {
        client_message_id: json["client_message_id"],
        to: "@bob",
        destination: "dm",
        from_agent: null,
        hops: 0,
        content_type: "text/plain; charset=utf-8",
        message: "hello",
        body: Buffer.from("hello").toString("base64url"),
        meta: { a: 1 },
        mentions: ["@bob"],
        reply_to: null,
        priority: "now",
        attachments: [],
      },
    ]);
  }
});

test("the hook is told the end of a message too, whatever stands before it", async (t) => {
  const { send } = await sending(t, `case $event in *secret*) echo '{"refuse": "a secret"}' ;; esac`);
  // As JSON, each of them is six characters.
  const { status, json } = await send({ message: `${"\u0001".repeat(60_000)}secret` });
  assert.deepEqual([status, json["code"]], [403, "hook_refused"]);
});

test("what the hook makes of a message is what is sent; the same request stays the same, and is not judged again", async (t) => {
  const { send, asked, row, host, restart } = await sending(t, `echo '{"message": "HELLO"}'`);
  const first = await send({ message: "hello", client_message_id: "m-1" });
  assert.equal(first.status, 202);
  const stored = row(first.json["outbox_id"]);
  assert.equal(textOf(stored), "HELLO");
  assert.equal(host.outbox.row(stored.id)?.pre_send, "changed");
  await restart();
  const again = await send({ message: "hello", client_message_id: "m-1" });
  assert.deepEqual([again.status, again.json["duplicate"], again.json["outbox_id"]], [202, true, stored.id]);
  const changed = await send({ message: "HELLO", client_message_id: "m-1" });
  assert.deepEqual([changed.status, changed.json["code"]], [409, "idempotency_key_reused"]);
  assert.equal(asked().length, 1);
});

test("a row that the hook changed proves itself after damage, as every other", async (t) => {
  const { send, row } = await sending(t, `echo '{"body": "AAEC", "content_type": "application/x-own"}'`);
  const stored = row((await send({ message: "hello" })).json["outbox_id"]);
  assert.equal(stored.content_type, "application/x-own");
  assert.ok(contentHolds(stored, { meshId }));
  for (const damage of [
    { body: Buffer.from([0, 1, 3]) },
    { to_text: "@eve" },
    { pre_send: stored.pre_send.replace("text/plain", "text/html") },
    { pre_send: "" },
  ])
    assert.ok(!contentHolds({ ...stored, ...damage }, { meshId }), JSON.stringify(damage));
});

test("a message that the hook refuses is stored nowhere, and refused again without the hook, also after a restart", async (t) => {
  const { send, asked, host, restart, bench } = await sending(t, `echo '{"refuse": "no names of customers"}'`);
  const refused = await send({ message: "hello", client_message_id: "m-1" });
  assert.deepEqual(
    [refused.status, refused.json["code"], refused.json["by"], refused.json["reason"]],
    [403, "hook_refused", "hook", "no names of customers"],
  );
  assert.deepEqual(host.outbox.list({ states: null, cursor: null, limit: 10 }).items, []);
  await restart();
  bench.script("pre-send", inFolder(bench, ""));
  const again = await send({ message: "hello", client_message_id: "m-1" });
  assert.deepEqual(again.json, refused.json);
  assert.equal(asked().length, 1);
  // Another message under that id is another question, and the answer to it is another.
  const other = await send({ message: "hello again", client_message_id: "m-1" });
  assert.equal(other.status, 202);
  assert.equal((await send({ message: "hello" })).status, 202);
  assert.equal(asked().length, 3);
});

test("of refusals the newest are kept", async (t) => {
  const migrations = fileURLToPath(new URL("../../../../migrations/daemon/outbox", import.meta.url));
  const database = openDatabase(join(tempFolder(t), "outbox.db"), migrations);
  t.after(() => database.close());
  const clock = createManualClock();
  const core = { queries: outboxQueries(database), transaction: <T>(body: () => T): T => body(), options: { clock } };
  const refusals = createPreSendRefusals(() => core as never, 2);
  const fingerprint = (): Uint8Array => new Uint8Array(32);
  for (const id of ["a", "b", "a", "c"]) {
    clock.advance(1);
    await refusals.keep(id, fingerprint, `not ${id}`);
  }
  assert.deepEqual(
    ["a", "b", "c", "d"].map((id) => refusals.find(id, fingerprint)),
    ["not a", null, "not c", null],
  );
  assert.equal(
    refusals.find("a", () => new Uint8Array(32).fill(1)),
    null,
  );
});

for (const [what, script, more, reason] of [
  ["ends with another code", "exit 3", "", /exit code 3/],
  ["is ended by a signal", "kill -9 $$", "", /SIGKILL|137/],
  ["takes too long", "exec sleep 60", "timeout_s = 1", /timed_out/],
  ["prints no JSON", "echo yes", "", /its answer is none/],
  ["prints a list", "echo '[]'", "", /its answer is none/],
  ["prints what is no answer", `echo '{"allow": true}'`, "", /unknown field `allow`/],
  ["refuses and changes at once", `echo '{"refuse": "x", "message": "y"}'`, "", /at once/],
  [
    "makes more of it than the mesh takes",
    `printf '{"message": "%070000d"}' 0`,
    "output_size_limit = 200000",
    /70000 bytes/,
  ],
  ["prints more than is read", `printf '{"message": "%0200d"}' 0`, "output_size_limit = 100", /output_size_limit/],
] as const) {
  test(`a hook that ${what} has not decided: nothing is sent, and the next try asks it again`, async (t) => {
    const { send, host, bench } = await sending(t, script, more);
    const failed = await send({ message: "hello", client_message_id: "m-1" });
    assert.equal(failed.json["code"], "hook_refused");
    assert.equal(failed.json["by"], "failure");
    assert.match(String(failed.json["reason"]), reason);
    assert.deepEqual(host.outbox.list({ states: null, cursor: null, limit: 10 }).items, []);
    bench.script("pre-send", "exit 0");
    assert.equal((await send({ message: "hello", client_message_id: "m-1" })).status, 202);
  });
}

test("a hook that must not run where nothing contains it refuses what it would have judged", async (t) => {
  const { bench } = await sending(t, "");
  await bench.restart("[pre-send]\nenabled = true\n");
  const preSend = createPreSend({ hooks: bench.hooks, log: silentLog });
  await assert.rejects(
    preSend.judge({
      parsed: { to: "@bob", priority: "next", meta: "", mentions: [], replyTo: null },
      clientMessageId: "m-1",
      kind: "dm",
      body: new Uint8Array(),
      contentType: "text/plain",
      files: [],
      fits: () => true,
    }),
    (error: ClaudemeshError) => error.code === "hook_refused" && error.details["by"] === "failure",
  );
});

test('with on_failure = "send" a hook that fails keeps nothing from being sent, and the row says that it failed', async (t) => {
  const { send, host, row } = await sending(t, "exit 3", 'on_failure = "send"');
  const { status, json } = await send({ message: "hello" });
  assert.equal(status, 202);
  assert.equal(textOf(row(json["outbox_id"])), "hello");
  assert.equal(host.outbox.row(Number(json["outbox_id"]))?.pre_send, "failed");
});

test("of many requests that are the same at once the first one asks the hook, and all get its answer", async (t) => {
  const { send, asked } = await sending(t, `echo '{"message": "HELLO"}'`);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => send({ message: "hello", client_message_id: "m-1" })),
  );
  assert.deepEqual(new Set(answers.map(({ json }) => json["outbox_id"])).size, 1);
  assert.equal(answers.filter(({ json }) => json["duplicate"] === false).length, 1);
  assert.equal(asked().length, 1);
});

test("what could not be sent anyway is refused without the hook being asked", async (t) => {
  const { send, asked } = await sending(t, "");
  for (const body of [{ to: "@nobody", message: "hello" }, { message: "x".repeat(70_000) }, { message: 7 }])
    assert.notEqual((await send(body)).status, 202);
  assert.equal(asked().length, 0);
});

test("another text that a row is to go out with is judged, and what it was is not judged again", async (t) => {
  const { send, asked, host, bench, row } = await sending(t, `echo '{"message": "HELLO"}'`);
  const { json } = await send({ message: "hello" });
  const requeue = (outboxId: unknown, body: unknown): Promise<Answer> =>
    httpCall(host.targets[0] ?? assert.fail(), "POST", `/v1/outbox/${Number(outboxId)}/requeue`, { body });
  const same = await requeue(json["outbox_id"], {});
  assert.deepEqual(
    [same.json["pre_send"], textOf(row(same.json["outbox_id"])), asked().length],
    ["changed", "HELLO", 1],
  );
  const urgent = await requeue(same.json["outbox_id"], { patch: { priority: "now" } });
  assert.deepEqual([urgent.json["pre_send"], asked().length], ["changed", 1]);
  assert.ok(contentHolds(row(urgent.json["outbox_id"]), { meshId }));
  const other = await requeue(urgent.json["outbox_id"], { patch: { message: "good bye" } });
  assert.deepEqual([textOf(row(other.json["outbox_id"])), asked().at(-1)?.["message"]], ["HELLO", "good bye"]);
  assert.ok(contentHolds(row(other.json["outbox_id"]), { meshId }));
  bench.script("pre-send", `echo '{"refuse": "no"}'`);
  const refused = await requeue(other.json["outbox_id"], { patch: { message: "again" } });
  assert.equal(refused.json["code"], "hook_refused");
  assert.equal(host.outbox.row(Number(other.json["outbox_id"]))?.status, "pending");
});
