import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxItem, SendResult } from "../../src/protocol/local-api.ts";
import { bodyBytesMax } from "../../src/protocol/envelope.ts";
import { limits } from "../../src/protocol/limits.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";
import { ended, lineReader } from "../support/line-reader.ts";

async function received(of: TestHost): Promise<readonly (string | null)[]> {
  const ran = await of.run(["inbox", "--json", "--limit", "1000"]);
  return (JSON.parse(ok(ran)) as { items: readonly InboxItem[] }).items.map(({ message }) => message);
}

test("every line is a message of its own, in order, and the same input under the same id is sent once", async (t) => {
  const { alice, bob } = await cliPair(t);
  const input = "one\n\ntwo\r\n  three\nfour";
  const sent = await alice.run(["send", "@bob", "--lines", "--id", "log", "--wait", "delivered"], { input });
  assert.deepEqual([sent.code, sent.stdout, sent.stderr], [0, "", "sent 4 lines to @bob\n"]);
  assert.deepEqual(await received(bob), ["one", "two", "  three", "four"]);
  const again = await alice.run(["send", "@bob", "--lines", "--id", "log", "--json"], { input });
  assert.equal(again.code, 0);
  assert.deepEqual(
    again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as SendResult)
      .map(({ client_message_id, duplicate }) => [client_message_id, duplicate]),
    [
      ["log-1", true],
      ["log-3", true],
      ["log-4", true],
      ["log-5", true],
    ],
  );
  assert.deepEqual(JSON.parse(again.stderr), { sent: 4, known: 4, refused: 0, to: "@bob", id: "log" });
  assert.equal((await received(bob)).length, 4);
});

test("a line that is too long or whose id is taken is refused with its number, and the others go out", async (t) => {
  const { alice, bob } = await cliPair(t);
  const long = "x".repeat(bodyBytesMax(limits.inlineBytes) + 1);
  const input = `one\n${long}\n${long.slice(1)}\nfour\n`;
  const sent = await alice.run(["send", "@bob", "--lines", "--id", "log", "--wait", "delivered"], { input });
  assert.deepEqual([sent.code, sent.stdout], [1, ""]);
  assert.match(
    sent.stderr,
    /^error: line 2 was not sent: it has 65484 bytes, one message of this mesh takes at most 65483 \(body_too_large\)\nhint: send it in parts.*\nsent 3 lines to @bob, 1 refused\n$/,
  );
  assert.deepEqual(await received(bob), ["one", long.slice(1), "four"]);
  const other = await alice.run(["send", "@bob", "--lines", "--id", "log", "--json"], {
    input: "one\ntwo\nthree\n4\n5",
  });
  assert.equal(other.code, 4);
  const told = other.stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    told.map(({ line, code }) => [line, code]),
    [
      [3, "idempotency_key_reused"],
      [4, "idempotency_key_reused"],
      [undefined, undefined],
    ],
  );
  assert.deepEqual(told.at(-1), { sent: 3, known: 1, refused: 2, to: "@bob", id: "log" });
});

test("a line is sent as soon as it is read, and Ctrl-C says how many were", async (t) => {
  const { alice, bob } = await cliPair(t);
  const sending = alice.start(["send", "@bob", "--lines", "--json"], { stdin: "pipe" });
  const next = lineReader(sending);
  const end = ended(sending);
  sending.stdin?.write("first\nsecond\nbegun");
  for (const _ of [1, 2]) assert.equal((JSON.parse(await next()) as SendResult).state, "queued");
  sending.kill("SIGINT");
  const { code, stderr } = await end;
  assert.equal(code, 130);
  const { id, ...summary } = JSON.parse(stderr) as Record<string, unknown>;
  assert.deepEqual(summary, { sent: 2, known: 0, refused: 0, to: "@bob" });
  const rest = await alice.run(["send", "@bob", "--lines", "--id", String(id), "--wait", "delivered"], {
    input: "first\nsecond\nbegun and ended",
  });
  assert.equal(rest.stderr, "sent 3 lines to @bob, 2 of them known already\n");
  assert.deepEqual(await received(bob), ["first", "second", "begun and ended"]);
});

test("a daemon that is gone ends the sending at the line, and says how to go on; one that comes back does not", async (t) => {
  const { alice, bob } = await cliPair(t);
  const sending = alice.start(["send", "@bob", "--lines", "--json", "--id", "log"], { stdin: "pipe" });
  const next = lineReader(sending);
  const end = ended(sending);
  sending.stdin?.write("first\n");
  await next();
  ok(await alice.run(["daemon", "down"]));
  sending.stdin?.write("second\n");
  const up = alice.run(["daemon", "up"]);
  assert.equal((JSON.parse(await next()) as SendResult).client_message_id, "log-2");
  ok(await up);
  ok(await alice.run(["daemon", "down"]));
  sending.stdin?.write("third\nfourth\n");
  const { code, stderr } = await end;
  assert.equal(code, 3, stderr);
  const error = JSON.parse(stderr) as Record<string, unknown>;
  assert.deepEqual([error["code"], error["line"], error["sent"], error["id"]], ["not_running", 3, 2, "log"]);
  assert.match(String(error["hint"]), /^claudemesh up; then the same input again with --id log /);
  ok(await alice.run(["daemon", "up"]));
  ok(
    await alice.run(["send", "@bob", "--lines", "--id", "log", "--wait", "delivered"], {
      input: "first\nsecond\nthird\nfourth\n",
    }),
  );
  assert.deepEqual(await received(bob), ["first", "second", "third", "fourth"]);
});

test("lines that the broker refuses are counted when their end is waited for", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "builds"]));
  // Bob is not subscribed: the broker takes nothing from him there.
  const ran = await bob.run(["send", "#builds", "--lines", "--wait", "accepted"], { input: "one\ntwo\n" });
  assert.equal(ran.code, 6);
  assert.match(ran.stderr, /^error: the last line is dead: .*not_subscribed/);
  assert.match(ran.stderr, /\nsent 2 lines to #builds\n$/);
});

test("what would stop every line is refused at the first, and nothing is read without a daemon", async (t) => {
  const alone = host(t, "alone");
  ok(await alone.up());
  const refused = async (input: string, ...args: readonly string[]): Promise<[number | null, string]> => {
    const { code, stdout, stderr } = await alone.run(["send", ...args], { input });
    assert.equal(stdout, "");
    return [code, stderr];
  };
  const [unknown, hint] = await refused("a\nb\n", "@alnoe", "--lines");
  assert.equal(unknown, 7);
  assert.match(hint, /did you mean @alone\? claudemesh send @alone --lines\n$/);
  assert.equal((await refused("a", "@alone", "text", "--lines"))[0], 2);
  assert.equal((await refused("a", "@alone", "--lines", "--id", "x".repeat(90)))[0], 2);
  assert.equal((await refused("a", "@alone", "--lines", "--id", "two words"))[0], 2);
  assert.deepEqual(await refused("\n\r\n\n", "@alone", "--lines", "--wait", "accepted"), [
    0,
    "sent 0 lines to @alone\n",
  ]);
  const [large, text] = await refused("x".repeat(bodyBytesMax(limits.inlineBytes) + 1), "@alone");
  assert.equal(large, 1);
  assert.match(text, /at most 65483\. Nothing was sent \(body_too_large\)\nhint: .*--lines/);
  ok(await alone.run(["down"]));
  assert.equal((await refused("a\nb\n", "@alone", "--lines"))[0], 3);
});
