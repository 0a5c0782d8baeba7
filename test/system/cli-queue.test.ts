import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ClaimedMessage, DeadLetter, Page, QueueView } from "../../src/protocol/local-api.ts";
import { ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";
import { ended, lineReader } from "../support/line-reader.ts";
import { tempFolder } from "../support/temp-folder.ts";

const json = async <T>(of: TestHost, ...words: readonly string[]): Promise<T> =>
  JSON.parse(ok(await of.run([...words, "--json"]))) as T;

async function send(from: TestHost, ...texts: readonly string[]): Promise<void> {
  ok(await from.run(["send", "queue:work", "--lines", "--wait", "accepted"], { input: texts.join("\n") }));
}

async function held(by: TestHost): Promise<QueueView["messages"]> {
  const { queues } = await json<{ queues: QueueView[] }>(by, "queue", "list");
  return queues[0]?.messages ?? assert.fail("no queue");
}

/** Exit code, and the last word of the first line of standard error. */
async function refused(of: TestHost, ...words: readonly string[]): Promise<string> {
  const { code, stderr } = await of.run(words);
  return `${code} ${/\((\w+)\)\n/.exec(stderr)?.[1] ?? stderr}`;
}

test("a queue's life by hand: made, filled, claimed, ended in each way, and deleted", async (t) => {
  const { alice, bob } = await cliPair(t);
  assert.equal(ok(await alice.run(["queue", "create", "queue:work", "--deliveries", "1"])), "created queue:work\n");
  assert.equal(await refused(bob, "queue", "create", "work"), "4 already_exists");
  assert.equal(await refused(bob, "queue", "claim", "wrok"), "7 unknown_destination");
  await send(alice, "one", "two", "three");
  assert.match(ok(await bob.run(["queue", "list"])), /^queue:work +3 +0 +0 +0 +1$/m);

  const shown = ok(await bob.run(["queue", "claim", "work", "--lease", "10m"]));
  assert.match(shown, /^@alice → queue:work .*\n {2}lease (\S+) {2}until \S+ {2}delivery 1\n {2}one\n$/);
  const lease = /lease (\S+)/.exec(shown)?.[1] ?? "";
  assert.match(ok(await bob.run(["queue", "extend", "work", lease, "--lease", "20m"])), /^extended until /);
  assert.equal(ok(await bob.run(["queue", "ack", "work", lease])), "done: message 1 of queue:work\n");
  assert.equal(ok(await bob.run(["queue", "ack", "work", lease])), "done: message 1 of queue:work\n");
  assert.equal(await refused(bob, "queue", "extend", "work", lease), "4 lease_lost");
  assert.equal(await refused(alice, "queue", "ack", "work", lease), "4 lease_lost");

  const { items } = await json<{ items: ClaimedMessage[] }>(bob, "queue", "claim", "work", "--limit", "9");
  for (const { lease_id } of items)
    assert.match(ok(await bob.run(["queue", "nack", "work", lease_id, "--reason", "no disk"])), /^dead letter: /);
  const nothing = await bob.run(["queue", "claim", "work"]);
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [5, "", "nothing to claim in queue:work\n"]);
  const dead = ok(await alice.run(["queue", "dead", "work"]));
  assert.match(dead, /\n {2}dead since \S+ after 1 delivery: no disk\n {2}two\n/);
  const { items: letters } = await json<Page<DeadLetter>>(alice, "queue", "dead", "work", "--limit", "1");
  const [letter] = letters;
  assert.equal(
    ok(await alice.run(["queue", "requeue", "work", String(letter?.history_id)])),
    "1 message of queue:work ready again\n",
  );
  assert.equal((await alice.run(["queue", "requeue", "work", "1"])).code, 7, "acknowledged, so no dead letter");
  assert.deepEqual(await held(bob), { ready: 1, delayed: 0, leased: 0, dead: 1 });
  assert.equal(await refused(bob, "queue", "delete", "work", "--force"), "1 not_allowed");
  assert.equal(await refused(alice, "queue", "delete", "work"), "4 queue_not_empty");
  assert.equal(ok(await alice.run(["queue", "delete", "work", "--force"])), "deleted queue:work\n");
  assert.equal(await refused(alice, "send", "queue:work", "x"), "7 unknown_destination");
  assert.equal(await refused(alice, "send", "queue:work", "x", "--wait", "delivered"), "2 usage");
});

test("work runs the command for each message with its bytes and facts, acknowledges by exit code 0, and gives back the rest", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "work", "--deliveries", "2"]));
  const bytes = Buffer.from([0, 255, 10, 36, 40, 41]);
  ok(
    await alice.run(["send", "queue:work", "-", "--id", "one", "--meta", '{"build":7}', "--wait", "accepted"], {
      input: bytes,
    }),
  );
  const folder = tempFolder(t);
  const script = join(folder, "job.sh");
  writeFileSync(
    script,
    `cat > "${folder}/body"\nprintf '%s\\n' "$CLAUDEMESH_FROM" "$CLAUDEMESH_QUEUE" "$CLAUDEMESH_META" "$CLAUDEMESH_DELIVERIES" "$CLAUDEMESH_MESH" "$1" > "${folder}/facts"\necho worked\n`,
  );
  const worked = await bob.run(["queue", "work", "work", "--count", "1", "--", "sh", script, "--json"]);
  assert.deepEqual([worked.code, worked.stdout, worked.stderr], [0, "worked\n", ""]);
  assert.deepEqual(readFileSync(join(folder, "body")), bytes);
  const facts = readFileSync(join(folder, "facts"), "utf8").trimEnd().split("\n");
  assert.deepEqual(facts, ["@alice", "work", '{"build":7}', "1", "local", "--json"]);

  await send(alice, "two");
  const failing = ["queue", "work", "work", "--stop-on-error"];
  const failed = await bob.run([...failing, "--", "sh", "-c", "exit 3"]);
  assert.equal(failed.code, 1);
  assert.equal(failed.stderr, "error: message 2: the command ended with exit code 3; it was given back\n");
  const dead = await bob.run([...failing, "--json", "--", "sh", "-c", "kill -9 $$"]);
  assert.deepEqual(JSON.parse(dead.stdout), { history_id: 2, exit_code: null, signal: "SIGKILL", state: "dead" });
  const { items } = await json<Page<DeadLetter>>(bob, "queue", "dead", "work");
  assert.deepEqual([items[0]?.reason, items[0]?.deliveries], ["the command ended by SIGKILL", 2]);

  const late = await bob.run(["queue", "work", "work", "--timeout", "300ms", "--", "true"]);
  assert.deepEqual([late.code, late.stderr], [5, "no message came for 300ms\n"]);
  await send(alice, "three");
  const missing = await bob.run(["queue", "work", "work", "--", "./there-is-no-such-program"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^error: \.\/there-is-no-such-program cannot be run: .*ENOENT.* \(usage\)\n/);
  assert.deepEqual(await held(bob), { ready: 1, delayed: 0, leased: 0, dead: 1 });
  assert.equal(await refused(bob, "queue", "work", "wrok", "--", "true"), "7 unknown_destination");
});

/** A pipe with a name: whoever reads from it waits for somebody to write. */
function namedPipe(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  return new Promise((resolve, reject) => {
    const child = spawn("mkfifo", [path]);
    child.once("error", reject);
    child.once("close", () => resolve(path));
  });
}

/** A worker of bob's whose command says that it has begun, and then waits to read from a pipe. */
async function blockedWorker(t: TestContext, bob: TestHost, ...options: readonly string[]) {
  const pipe = await namedPipe(tempFolder(t), "pipe");
  const worker = bob.start(["queue", "work", "work", ...options, "--", "sh", "-c", `echo begun; exec cat "${pipe}"`]);
  const next = lineReader(worker);
  return { worker, pipe, begun: next(), end: ended(worker) };
}

test("work extends the lease as long as the command runs: nobody else gets the message", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "work"]));
  await send(alice, "one");
  const { pipe, begun, end } = await blockedWorker(t, bob, "--lease", "3s", "--count", "1");
  assert.equal(await begun, "begun");
  // Longer than the lease was at first.
  assert.equal((await alice.run(["queue", "claim", "work", "--wait", "5s"])).code, 5);
  writeFileSync(pipe, "");
  assert.deepEqual(await end, { code: 0, stderr: "" });
  assert.deepEqual(await held(alice), { ready: 0, delayed: 0, leased: 0, dead: 0 });
});

test("told to stop, work stops its command and gives the message back at once, with all but that delivery left", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "work"]));
  await send(alice, "one");
  const { worker, begun, end } = await blockedWorker(t, bob);
  assert.equal(await begun, "begun");
  worker.kill("SIGTERM");
  const { code, stderr } = await end;
  assert.equal(code, 130);
  assert.match(stderr, /^error: message 1: the command ended by SIGTERM; it was given back\n$/);
  const { items } = await json<{ items: ClaimedMessage[] }>(alice, "queue", "claim", "work");
  assert.equal(items[0]?.deliveries, 2);
});

test("a worker killed with its daemon gives nothing back early; the message comes to another once the lease is over", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "work"]));
  await send(alice, "one");
  const { worker, pipe, begun } = await blockedWorker(t, bob, "--lease", "4s");
  assert.equal(await begun, "begun");
  const daemon = (await bob.status()).daemons[0] ?? assert.fail("no daemon");
  worker.kill("SIGKILL");
  // Its command lives on, and holds its standard output.
  writeFileSync(pipe, "");
  process.kill(daemon.pid ?? assert.fail("no pid"), "SIGKILL");
  assert.equal((await held(alice)).leased, 1);
  const { items } = await json<{ items: ClaimedMessage[] }>(alice, "queue", "claim", "work", "--wait", "30s");
  assert.equal(items[0]?.deliveries, 2);
});

test("when the lease is lost while the command runs, it is stopped: the message is somebody else's", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "work"]));
  await send(alice, "one");
  const { begun, end } = await blockedWorker(t, bob, "--lease", "3s", "--stop-on-error");
  assert.equal(await begun, "begun");
  ok(await alice.run(["queue", "delete", "work", "--force"]));
  const { code, stderr } = await end;
  assert.equal(code, 1);
  assert.equal(stderr, "error: message 1: the lease was lost while the command ran, so it was stopped\n");
});
