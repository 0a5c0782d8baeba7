import assert from "node:assert/strict";
import { test } from "node:test";
import { ok } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";

test("the exit code of --wait tells what was reached when the time is over", async (t) => {
  const { alice, bob } = await cliPair(t);
  const wait = async (stage: string, id: string): Promise<[number | null, string]> => {
    const { code, stdout } = await alice.run([
      "send",
      "@bob",
      "text",
      "--id",
      id,
      "--wait",
      stage,
      "--timeout",
      "400ms",
    ]);
    return [code, stdout];
  };
  assert.deepEqual(await wait("read", "a"), [10, "delivered a\n"]);
  ok(await bob.run(["inbox", "--mark-read"]));
  assert.deepEqual(await wait("read", "a"), [0, "read a\n"]);
  ok(await bob.run(["daemon", "down"]));
  assert.deepEqual(await wait("delivered", "b"), [9, "accepted b\n"]);
  assert.deepEqual(await wait("accepted", "b"), [0, "accepted b\n"]);
  ok(await alice.run(["broker", "down"]));
  assert.deepEqual(await wait("accepted", "c"), [5, "queued c\n"]);
  assert.deepEqual(await wait("queued", "d"), [0, "queued d\n"]);
  const late = await alice.run(["send", "@bob", "x", "--id", "e", "--wait", "read", "--timeout", "200ms", "--json"]);
  assert.equal(late.code, 5);
  assert.equal((JSON.parse(late.stdout) as { status: string }).status, "pending");
  const error = JSON.parse(late.stderr) as Record<string, unknown>;
  assert.equal(error["code"], "timed_out");
  assert.match(String(error["hint"]), /^claudemesh outbox inspect \d+$/);
});

test("a message of a topic is delivered once every subscriber has it, and nobody tells that it was read", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "builds"]));
  ok(await bob.run(["topic", "join", "builds"]));
  assert.match(
    ok(await alice.run(["send", "#builds", "one", "--id", "one", "--wait", "delivered"])),
    /^delivered one \(1 of 1 subscribers\)\n$/,
  );
  ok(await bob.run(["daemon", "down"]));
  const late = await alice.run(["send", "#builds", "two", "--id", "two", "--wait", "delivered", "--timeout", "400ms"]);
  assert.equal(late.code, 9);
  assert.match(late.stderr, /error: not delivered within 0\.4 s; it stays on its way \(timed_out\)\nhint: /);
  const read = await alice.run(["send", "#builds", "three", "--wait", "read"]);
  assert.deepEqual([read.code, read.stdout], [2, ""]);
  const typo = await alice.run(["send", "#builds", "four", "--wait", "deliverd"]);
  assert.deepEqual([typo.code, typo.stdout], [2, ""]);
  assert.match(
    typo.stderr,
    /it is one of queued, accepted, delivered, injected, read .*\nhint: did you mean --wait delivered\?\n$/,
  );
});
