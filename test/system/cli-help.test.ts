import assert from "node:assert/strict";
import { test } from "node:test";
import { host } from "../support/claudemesh.ts";

test("help lists commands and topics, and shows each; --help is the same page", async (t) => {
  const alone = host(t, "alone");
  const overview = (await alone.run(["help"])).stdout;
  assert.match(overview, /^ {2}send +Send a message/m);
  assert.match(overview, /^topics\n {2}addresses +/m);
  assert.doesNotMatch(overview, /__complete/);
  const send = await alone.run(["send", "--help"]);
  assert.equal(send.stdout, (await alone.run(["help", "send"])).stdout);
  assert.match(send.stdout, /^exit codes\n {2}0 +Done/m);
  assert.match(send.stdout, /^See also: claudemesh inbox,/m);
  assert.match((await alone.run(["help", "topic"])).stdout, /^ {2}topic create +Create/m);
  for (const topic of [
    "addresses",
    "delivery",
    "ids",
    "json",
    "pipes",
    "exit-codes",
    "environment",
    "files",
    "shells",
  ]) {
    const ran = await alone.run(["help", topic]);
    assert.deepEqual([ran.code, ran.stderr], [0, ""], topic);
    for (const line of ran.stdout.split("\n"))
      assert.ok(line.length <= 100 || !line.includes(" "), `${topic}: ${line}`);
  }
  const unknown = await alone.run(["help", "adresses"]);
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /claudemesh help addresses/);
});

test("help answers programs too", async (t) => {
  const alone = host(t, "alone");
  const { commands, topics } = JSON.parse((await alone.run(["help", "--json"])).stdout) as {
    commands: { name: string }[];
    topics: { name: string }[];
  };
  assert.ok(commands.some(({ name }) => name === "topic create") && topics.some(({ name }) => name === "ids"));
  const page = JSON.parse((await alone.run(["help", "ids", "--json"])).stdout) as { topic: string; text: string };
  assert.match(page.text, /idempotency_key_reused/);
});

test("colour is for terminals, and for those who force it; NO_COLOR ends it", async (t) => {
  const alone = host(t, "alone");
  const coloured = async (env: Record<string, string>): Promise<boolean> =>
    (await alone.run(["doctor"], { env })).stdout.includes("\u001b[");
  assert.deepEqual(
    [await coloured({}), await coloured({ FORCE_COLOR: "1" }), await coloured({ FORCE_COLOR: "1", NO_COLOR: "1" })],
    [false, true, false],
  );
});
