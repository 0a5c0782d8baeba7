import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { acquireLock } from "../../src/base/lock-file.ts";
import type { DoctorAnswer, Finding } from "../../src/cli/launcher.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";
import { run } from "../support/run.ts";

async function examine(of: TestHost): Promise<{ readonly code: number | null; readonly answer: DoctorAnswer }> {
  const ran = await of.run(["doctor", "--json"]);
  assert.equal(ran.stderr, "");
  const answer = JSON.parse(ran.stdout) as DoctorAnswer;
  assert.deepEqual(Object.keys(answer), ["checks", "ok"]);
  assert.equal(ran.code, answer.ok ? 0 : 1);
  for (const finding of answer.checks) {
    assert.deepEqual(Object.keys(finding), ["name", "state", "message", "hint"]);
    assert.equal(finding.hint === null, finding.state === "ok", finding.name);
  }
  return { code: ran.code, answer };
}

function named(answer: DoctorAnswer, name: string): Finding {
  const found = answer.checks.find((finding) => finding.name === name);
  assert.ok(found !== undefined, `${name} is not among ${answer.checks.map((finding) => finding.name).join(", ")}`);
  return found;
}

/** A link takes its time to come up, and to be dialled again. */
async function examineUntil(of: TestHost, name: string, message: RegExp): ReturnType<typeof examine> {
  for (;;) {
    const examined = await examine(of);
    if (message.test(named(examined.answer, name).message)) return examined;
  }
}

test("with nothing there, nothing is wrong, and nothing is made", async (t) => {
  const alone = host(t, "alone");
  const { answer } = await examine(alone);
  assert.equal(named(answer, "home").hint, "claudemesh up makes a member there");
  assert.throws(() => readdirSync(alone.home), { code: "ENOENT" });
});

test("a launch lock that cannot be looked at is no launch at work", async (t) => {
  const alone = host(t, "alone");
  mkdirSync(join(alone.home, "launch.lock"), { recursive: true, mode: 0o700 });
  assert.match(named((await examine(alone)).answer, "home").message, /belongs to this user alone/);
});

test("what runs is well; what was stopped, killed or is out of reach is told apart", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  const well = await examineUntil(alice, "daemon/local/link", /^connected/);
  assert.deepEqual(
    well.answer.checks.filter(({ state }) => state !== "ok"),
    [],
  );
  assert.match(named(well.answer, "daemon/local/clock").message, /agree/);
  assert.match(named(well.answer, "broker/ready").message, /readyz/);

  await alice.run(["broker", "down"]);
  const lonely = await examineUntil(alice, "daemon/local/link", /ECONNREFUSED/);
  assert.equal(lonely.code, 1);
  assert.match(named(lonely.answer, "daemon/local/link").hint ?? "", /claudemesh broker up/);
  assert.equal(named(lonely.answer, "broker/store").state, "ok");

  await alice.run(["send", "@alice", "waits"]);
  const { pid } = (await alice.status()).daemons[0] ?? {};
  process.kill(pid ?? 0, "SIGSTOP");
  try {
    assert.match(named((await examine(alice)).answer, "daemon/local/process").message, /does not answer/);
  } finally {
    process.kill(pid ?? 0, "SIGKILL");
  }
  const killed = await examine(alice);
  assert.match(named(killed.answer, "daemon/local/process").message, /was killed/);
  assert.match(named(killed.answer, "daemon/local/stores").message, /holds 1 message to be sent/);
  await alice.run(["daemon", "up"]);
  await alice.run(["daemon", "down"]);
  assert.equal(named((await examine(alice)).answer, "daemon/local/process").message, "the daemon does not run");
});

test("why the daemon did not start is told with its exit code and the line that is wrong", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const dir = join(alice.home, "daemon", "local");
  writeFileSync(join(dir, "config.toml"), "[outbox]\ndisk_byte_max = 3\n", { mode: 0o600 });
  assert.equal((await alice.run(["daemon", "up"])).code, 3);
  const { answer } = await examine(alice);
  assert.match(named(answer, "daemon/local/config").message, /config\.toml:2: unknown key/);
  assert.match(named(answer, "daemon/local/config").hint ?? "", /disk_bytes_max/);
  assert.match(named(answer, "daemon/local/process").message, /^it ended with exit code 11 \(invalid config\)/);
});

test("a process elsewhere that holds the lock is found, and is not disturbed", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const lock = acquireLock(join(alice.home, "daemon", "local", "daemon.lock"));
  try {
    assert.match(named((await examine(alice)).answer, "daemon/local/process").message, /holds .*daemon\.lock/);
  } finally {
    lock.release();
  }
});

test("with everything broken each thing is named, in words and with what helps", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const [dir, broker] = [join(alice.home, "daemon", "local"), join(alice.home, "broker")];
  for (const name of readdirSync(dir).filter((file) => file !== "daemon.log" && file !== "mesh.json"))
    rmSync(join(dir, name), { recursive: true });
  for (const name of [
    "keypair.json",
    "outbox.db",
    "inbox.db",
    "config.toml",
    "daemon.json",
    "launch.json",
    "schema_version",
  ])
    writeFileSync(join(dir, name), "= garbage \u001b[31m", { mode: 0o644 });
  writeFileSync(join(dir, "mesh.json"), "{}");
  mkdirSync(join(dir, "local_token"));
  writeFileSync(join(dir, "sock"), "");
  for (const name of ["broker.json", "broker.db", "config.toml", "deployment_key.json"])
    writeFileSync(join(broker, name), "= garbage");
  chmodSync(alice.home, 0o755);
  const { answer } = await examine(alice);
  for (const name of [
    "daemon/local/files",
    "daemon/local/config",
    "daemon/local/identity",
    "daemon/local/stores",
    "daemon/local/socket",
    "broker/config",
    "broker/store",
  ])
    assert.equal(named(answer, name).state, "problem", name);
  assert.equal(named(answer, "home").hint, `chmod 700 ${alice.home}`);
  assert.ok(
    answer.checks.some(({ message }) => message.includes("keypair.json can be read by others (mode 644)")),
    "the widened key file is named",
  );
  const spoken = await alice.run(["doctor"]);
  assert.equal(spoken.code, 1);
  assert.doesNotMatch(spoken.stdout, /\u001b/);
  assert.match(spoken.stdout, /^problem {2}daemon\/local\/identity: .*\n {9}what helps: .+$/m);
  assert.match(spoken.stdout, /\n\d+ findings: \d+ problems, \d+ warnings?\n$/);
});

test("a membership that no daemon can start on is found without one, and what it says to do heals it", async (t) => {
  const { alice, bob } = await cliPair(t);
  await bob.run(["down"]);
  const path = join(bob.home, "daemon", "local", "membership.jsonl");
  const entries = readFileSync(path, "utf8");
  const damage = async (n: number): Promise<string> => {
    const lines = entries.split("\n");
    writeFileSync(path, lines.map((line, at) => (at === n ? line.replace('"at":"2', '"at":"1') : line)).join("\n"));
    assert.notEqual((await bob.run(["daemon", "up"])).code, 0);
    const { state, message, hint } = named((await examine(bob)).answer, "daemon/local/identity");
    assert.equal(state, "problem");
    assert.match(message, new RegExp(`membership.jsonl is damaged at line ${n + 1}:`));
    return hint ?? "";
  };

  const cut = /sed .*?(?=, and)/.exec(await damage(1))?.[0] ?? "";
  assert.equal((await run("sh", ["-c", cut])).code, 0, cut);
  ok(await bob.run(["daemon", "up"]));
  ok(await bob.run(["send", "@alice", "cut and taken again", "--wait", "delivered"]));
  await bob.run(["down"]);

  const away = /mv .*?(?=, then)/.exec(await damage(0))?.[0] ?? "";
  assert.equal((await run("sh", ["-c", away])).code, 0, away);
  ok(await bob.run(["join", ok(await alice.run(["invite"])).trim()]));
  assert.equal(readFileSync(path, "utf8").slice(0, entries.length), entries);
  ok(await bob.run(["send", "@alice", "joined again", "--wait", "delivered"]));
});

test("secrets stand in none of its answers", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const path = join(alice.home, "daemon", "local", "keypair.json");
  writeFileSync(path, '{"schema_version":1,"ed25519_privkey":"SECRETSECRET', { mode: 0o600 });
  const ran = await alice.run(["doctor", "--json"]);
  assert.equal(ran.code, 1);
  assert.doesNotMatch(ran.stdout, /SECRET/);
});
