import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { host } from "../support/claudemesh.ts";

test("logs shows the end of the daemon's and the broker's log, in words and as it is", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const path = join(alice.home, "daemon", "local", "daemon.log");
  const whole = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.deepEqual((await alice.run(["logs", "--json", "--lines", "2"])).stdout.trimEnd().split("\n"), whole.slice(-2));
  const spoken = await alice.run(["logs"]);
  assert.deepEqual([spoken.code, spoken.stderr], [0, ""]);
  assert.match(
    spoken.stdout,
    /^\S+Z info {2}the daemon takes messages member=alice mesh=local socket=\S+ http_port=\d+$/m,
  );
  assert.equal((await alice.run(["daemon", "logs"])).stdout, spoken.stdout);
  const broker = await alice.run(["logs", "--broker"]);
  assert.match(broker.stdout, /the broker has stopped exit_code=0\n$/);
  assert.equal((await alice.run(["broker", "logs"])).stdout, broker.stdout);

  appendFileSync(path, `{"level":50,"time":"t","msg":"bad \\u001b[2J"}\nSegmentation fault\n`);
  assert.equal((await alice.run(["logs", "--level", "error"])).stdout, "t error bad \\x1b[2J\nSegmentation fault\n");
  const raw = await alice.run(["logs", "--level", "error", "--json"]);
  assert.deepEqual(
    [raw.stdout, raw.stderr],
    ['{"level":50,"time":"t","msg":"bad \\u001b[2J"}\n', "notice: left out 1 line that is not JSON\n"],
  );
});

test("logs says what is wrong with what was asked, and what to do where there is none", async (t) => {
  const alone = host(t, "alone");
  assert.equal((await alone.run(["logs"])).code, 3);
  const broker = await alone.run(["logs", "--broker"]);
  assert.equal(broker.code, 3);
  assert.match(broker.stderr, /there is no log at .*broker\.log yet.*\nhint: claudemesh up/);
  for (const words of [["--lines", "0"], ["--lines", "x"], ["--level", "loud"], ["extra"]])
    assert.equal((await alone.run(["logs", "--broker", ...words])).code, 2, words.join(" "));
});

test("logs --follow goes on when the log is rotated, and ends with Ctrl-C", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const path = join(alice.home, "daemon", "local", "daemon.log");
  const entry = (msg: string): string => `{"level":30,"time":"t","msg":"${msg}"}\n`;
  appendFileSync(path, entry("last"));
  const following = alice.start(["logs", "--follow", "--lines", "1"]);
  assert.ok(following.stdout !== null);
  const lines = createInterface({ input: following.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  assert.equal(await next(), "t info  last");
  appendFileSync(path, entry("more"));
  assert.equal(await next(), "t info  more");
  renameSync(path, join(alice.home, "daemon", "local", "daemon-2026-11-25-1.log"));
  writeFileSync(path, entry("after the rotation"));
  assert.equal(await next(), "t info  after the rotation");
  const ended = new Promise((resolve) => following.on("close", resolve));
  following.kill("SIGINT");
  assert.equal(await ended, 130);
});
