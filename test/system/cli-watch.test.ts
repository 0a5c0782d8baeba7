import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { InboxItem, LocalEvent } from "../../src/protocol/local-api.ts";
import type { TestHost } from "../support/claudemesh.ts";
import { ok } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";
import { ended, lineReader } from "../support/line-reader.ts";

async function deliver(from: TestHost, to: string, ...texts: readonly string[]): Promise<void> {
  ok(await from.run(["send", to, "--lines", "--wait", "delivered"], { input: texts.join("\n") }));
}

async function unread(of: TestHost): Promise<readonly (string | null)[]> {
  const { items } = JSON.parse(ok(await of.run(["inbox", "--unread", "--json"]))) as { items: readonly InboxItem[] };
  return items.map(({ message }) => message);
}

test("watch shows what is unread first and then what arrives, each once, and --count ends it", async (t) => {
  const { alice, bob } = await cliPair(t);
  await deliver(alice, "@bob", "one", "two");
  ok(await bob.run(["inbox", "--mark-read", "--limit", "1"]));
  await deliver(alice, "@bob", "three");
  const watching = bob.start(["watch", "--unread", "--json", "--count", "3"]);
  const next = lineReader(watching);
  const end = ended(watching);
  const message = async (): Promise<unknown> => (JSON.parse(await next()) as InboxItem).message;
  assert.deepEqual([await message(), await message()], ["one", "three"]);
  await deliver(alice, "@bob", "four");
  assert.equal(await message(), "four");
  assert.deepEqual(await end, { code: 0, stderr: "" });
});

test("watch shows only what was asked for, and says when nothing came", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "builds"]));
  ok(await bob.run(["topic", "join", "builds"]));
  await deliver(alice, "@bob", "direct");
  ok(await alice.run(["send", "#builds", "for you", "--mention", "@bob", "--wait", "delivered"]));
  ok(await alice.run(["send", "#builds", "for all", "--wait", "delivered"]));
  const shown = async (...options: readonly string[]): Promise<readonly string[]> => {
    const ran = await bob.run(["watch", "--unread", "--timeout", "300ms", ...options]);
    assert.equal(ran.code, 5, ran.stderr);
    assert.equal(ran.stderr, "no message came for 300ms\n");
    return ran.stdout.split("\n").filter((line) => line.startsWith("  "));
  };
  assert.deepEqual(await shown("--topic", "#builds"), ["  for you", "  for all"]);
  assert.deepEqual(await shown("--mentions"), ["  for you"]);
  assert.deepEqual(await shown("--from", "@bob"), []);
  const forPrograms = await bob.run(["watch", "--timeout", "300ms", "--json"]);
  assert.deepEqual([forPrograms.code, forPrograms.stdout], [5, ""]);
  assert.deepEqual(JSON.parse(forPrograms.stderr), {
    code: "timed_out",
    message: "no message came for 300ms",
    hint: null,
    retryable: true,
  });
  const wrong = await bob.run(["watch", "--from", "@alcie", "--timeout", "5s"]);
  assert.equal(wrong.code, 7);
  assert.match(wrong.stderr, /did you mean @alice\? claudemesh watch --from @alice --timeout 5s\n$/);
});

test("watch --exec gives a command the message on its input and its addresses in the environment, nothing else", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await bob.run(["topic", "create", "ops"]));
  ok(await alice.run(["topic", "join", "ops"]));
  const hostile = "$(touch pwned) `id` '; exit 3 #\u001b[2J";
  ok(await alice.run(["send", "#ops", "--id", "first", "--", hostile]));
  ok(await alice.run(["agent", "attach", "backend"]));
  ok(await alice.run(["send", "#ops", "second", "--from-agent", "backend", "--wait", "delivered"]));
  const seen = join(bob.home, "seen");
  const command = `printf '%s|%s|%s|%s|%s|%s|%s\\n' "$CLAUDEMESH_FROM" "$CLAUDEMESH_FROM_AGENT" "$CLAUDEMESH_TO" "$CLAUDEMESH_TOPIC" "$CLAUDEMESH_INBOX_ID" "$CLAUDEMESH_MESSAGE_ID" "$CLAUDEMESH_MESH"; cat >> ${seen}`;
  const ran = await bob.run(["watch", "--unread", "--count", "2", "--exec", command]);
  const items = readFileSync(seen, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as InboxItem);
  assert.deepEqual(
    items.map(({ message }) => message),
    [hostile, "second"],
  );
  assert.equal(
    ok(ran),
    items
      .map((item) => `@alice|${item.from.agent ?? ""}|#ops|ops|${item.inbox_id}|${item.broker_message_id}|local\n`)
      .join(""),
  );
  assert.deepEqual(await unread(bob), []);
});

test("a command that fails leaves its message unread and is told; --stop-on-error ends the watch", async (t) => {
  const { alice, bob } = await cliPair(t);
  await deliver(alice, "@bob", "good", "bad", "good too");
  const command = '! grep -q \'"message":"bad"\'';
  const ran = await bob.run(["watch", "--unread", "--count", "3", "--exec", command]);
  assert.deepEqual(
    [ran.code, ran.stdout, ran.stderr],
    [0, "", "error: the command for message #2 ended with exit code 1; the message stays unread\n"],
  );
  assert.deepEqual(await unread(bob), ["bad"]);
  await deliver(alice, "@bob", "after");
  const stopped = await bob.run(["watch", "--unread", "--exec", command, "--stop-on-error", "--json"]);
  assert.equal(stopped.code, 1);
  assert.deepEqual(JSON.parse(stopped.stdout), { inbox_id: 2, exit_code: 1, signal: null, read: false });
  assert.deepEqual(await unread(bob), ["bad", "after"]);
});

test("a watcher that is killed misses nothing: its message is run again, and a flood behind a slow command comes in order", async (t) => {
  const { alice, bob } = await cliPair(t);
  await deliver(alice, "@bob", "first");
  const seen = join(bob.home, "seen");
  const hanging = bob.start(["watch", "--unread", "--exec", "echo runs; exec sleep 600 >/dev/null 2>&1"]);
  const next = lineReader(hanging);
  assert.equal(await next(), "runs");
  const texts = Array.from({ length: 100 }, (_, index) => `text ${index}`);
  await deliver(alice, "@bob", ...texts);
  hanging.kill("SIGKILL");
  writeFileSync(seen, "");
  ok(await bob.run(["watch", "--unread", "--count", "101", "--exec", `cat >> ${seen}`]));
  assert.deepEqual(
    readFileSync(seen, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as InboxItem).message),
    ["first", ...texts],
  );
  assert.deepEqual(await unread(bob), []);
});

test("Ctrl-C ends a watch and the command it runs, and the message stays unread", async (t) => {
  const { alice, bob } = await cliPair(t);
  await deliver(alice, "@bob", "first");
  const hanging = bob.start(["watch", "--unread", "--exec", "echo $$; exec sleep 600"]);
  const next = lineReader(hanging);
  const end = ended(hanging);
  const pid = Number(await next());
  hanging.kill("SIGINT");
  assert.deepEqual(await end, { code: 130, stderr: "" });
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  assert.deepEqual(await unread(bob), ["first"]);
});

test("a watch that is told to stop twice, as by whoever tells a whole group, still marks read what its command has done", async (t) => {
  const { alice, bob } = await cliPair(t);
  await deliver(alice, "@bob", "first");
  const gate = join(bob.home, "gate");
  const stop = `echo told; read go < ${gate}; kill $!; exit 0`;
  const slow = `mkfifo ${gate}; trap '${stop}' TERM; sleep 600 > /dev/null 2>&1 & echo runs; wait`;
  const watching = bob.start(["watch", "--unread", "--exec", slow]);
  const next = lineReader(watching);
  const end = ended(watching);
  assert.equal(await next(), "runs");
  watching.kill("SIGTERM");
  assert.equal(await next(), "told");
  watching.kill("SIGTERM");
  writeFileSync(gate, "go\n");
  assert.deepEqual(await end, { code: 130, stderr: "" });
  assert.deepEqual(await unread(bob), []);
});

test("watch goes on over a restart of the daemon, and --events tells all that happens, one JSON object a line", async (t) => {
  const { alice, bob } = await cliPair(t);
  const watching = bob.start(["watch", "--json"]);
  const next = lineReader(watching);
  const events = bob.start(["watch", "--events", "--json"]);
  const nextEvent = lineReader(events);
  // Both stand once what is sent to them is shown; what came before is not theirs.
  let sent = 0;
  const stands = async (line: Promise<string>): Promise<string> => {
    let come = false;
    void line.then(() => {
      come = true;
    });
    while (!come) {
      sent += 1;
      await deliver(alice, "@bob", `stand ${sent}`);
    }
    return line;
  };
  await stands(next());
  const found: LocalEvent[] = [JSON.parse(await stands(nextEvent())) as LocalEvent];
  process.kill((await bob.status()).daemons[0]?.pid ?? 0, "SIGKILL");
  ok(await alice.run(["send", "@bob", "away", "--wait", "accepted"]));
  ok(await bob.run(["daemon", "up"]));
  let message: string | null = null;
  while (message !== "away") message = (JSON.parse(await next()) as InboxItem).message;
  while (found.at(-1)?.data["message"] !== "away") found.push(JSON.parse(await nextEvent()) as LocalEvent);
  assert.ok(found.every(({ id, event, at }) => id > 0 && event !== undefined && at !== ""));
  const ids = found.map(({ id }) => id);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  watching.kill("SIGINT");
  events.kill("SIGINT");
});

test("options of watch that contradict each other are refused before anything is watched", async (t) => {
  const { bob } = await cliPair(t);
  for (const options of [
    ["--events", "--unread"],
    ["--events", "--exec", "true"],
    ["--stop-on-error"],
    ["--exec", " "],
    ["--count", "0"],
    ["--timeout", "soon"],
    ["--topic", "@bob"],
    ["--from", "#builds"],
  ]) {
    const ran = await bob.run(["watch", ...options]);
    assert.deepEqual([ran.code, ran.stdout], [2, ""], options.join(" "));
    assert.match(ran.stderr, /^error: .*\nhint: /, options.join(" "));
  }
});
