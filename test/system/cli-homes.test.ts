import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BackupMade, Restored, Uninstalled } from "../../src/cli/home-life.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { broker } from "../support/broker.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { inheritedEnvironment } from "../support/inherited-environment.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { onTerminal } from "../support/terminal.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));
const env = { CLAUDEMESH_BACKUP_PASSPHRASE: "korrekt pferd batterie" };

async function membersOf(host: TestHost): Promise<readonly string[]> {
  const { members } = JSON.parse(ok(await host.run(["members", "--json"]))) as { members: { address: string }[] };
  return members.map(({ address }) => address).sort();
}

test("backup, restore, reset and uninstall do what they say to a home whose daemon runs, and refuse what others would miss", async (t) => {
  const folder = tempFolder(t);
  const [alice, bob] = [host(t, "alice", folder), host(t, "bob", folder)];
  ok(await alice.up());
  const dataDir = join(alice.home, "broker");
  ok(await bob.up("--broker", dataDir));
  const file = join(folder, "bob.backup");
  const made = JSON.parse(ok(await bob.run(["backup", "--out", file, "--json"], { env }))) as { backups: BackupMade[] };
  assert.deepEqual([made.backups.length, made.backups[0]?.bytes], [1, statSync(file).size]);

  // What was sent after it stays in the folder that is set aside; the daemon that ran on it is stopped.
  const restored = JSON.parse(ok(await bob.run(["restore", "--in", file, "--replace", "--json"], { env }))) as Restored;
  assert.ok(restored.set_aside !== null && existsSync(join(restored.set_aside, "keypair.json")));
  assert.equal((await bob.status()).daemons[0]?.state, "stopped");
  ok(await bob.run(["up"], { env }));
  const [running] = (await bob.status()).daemons;
  if (process.platform === "linux")
    assert.doesNotMatch(
      readFileSync(`/proc/${running?.pid}/environ`, "utf8"),
      /batterie/,
      "the passphrase is not passed on",
    );
  ok(await bob.run(["send", "@alice", "hello", "--wait", "delivered"]));

  const meant = await bob.run(["reset"]);
  assert.deepEqual([meant.code, meant.stdout], [2, ""]);
  assert.match(meant.stderr, /nobody could be @bob in mesh local any more.*\n.*claudemesh backup --out FILE/);
  const others = await alice.run(["reset", "--yes"]);
  assert.deepEqual([others.code, others.stdout], [1, ""]);
  assert.match(others.stderr, /@alice is the only owner of mesh local.*\(not_allowed\)/);
  const users = await alice.run(["uninstall", "--yes"]);
  assert.match(users.stderr, /1 other member of mesh local would lose their broker.*\(not_allowed\)/);
  assert.deepEqual(await membersOf(alice), ["@alice", "@bob"]);

  const left = JSON.parse(ok(await bob.run(["uninstall", "--yes", "--json"]))) as Uninstalled;
  assert.deepEqual([left.left, left.not_left, left.remains], [["local"], [], []]);
  assert.equal(existsSync(bob.home), false);
  assert.deepEqual(await membersOf(alice), ["@alice"]);

  // Nobody is told of a reset, and the home is as one in which nothing was started.
  const carol = host(t, "carol", folder);
  ok(await carol.up("--broker", dataDir));
  assert.match(ok(await carol.run(["reset", "--yes"])), /^removed mesh local from this home\n$/);
  assert.deepEqual(readdirSync(join(carol.home, "daemon")), []);
  assert.deepEqual((await carol.status()).daemons, []);
  assert.deepEqual(await membersOf(alice), ["@alice", "@carol"]);

  writeFileSync(join(alice.home, "thesis.txt"), "not claudemesh's");
  const settings = { kind: "claude-code", scope: "user", created: false, splices: null, after: "" };
  writeFileSync(
    join(alice.home, "agent-installs.json"),
    JSON.stringify({ version: 1, files: { "/s.json": settings } }),
  );
  const done = JSON.parse(ok(await alice.run(["uninstall", "--yes", "--force", "--json"]))) as Uninstalled;
  assert.deepEqual([done.left, done.not_left, done.remains], [[], [], ["agent-installs.json", "thesis.txt"]]);
  assert.deepEqual(done.agents, [{ kind: "claude-code", scope: "user", path: "/s.json" }]);
  writeFileSync(join(alice.home, "agent-installs.json"), JSON.stringify({ version: 1, files: {} }));
  ok(await alice.run(["uninstall", "--yes", "--force"]));
  assert.deepEqual(readdirSync(alice.home), ["thesis.txt"]);
});

test("a mesh whose broker is out of reach keeps a home from being uninstalled, unless by force; messages that wait keep it too", async (t) => {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker") });
  const bob = host(t, "bob", folder);
  ok(await bob.up("--broker", started.dataDir));
  await started.broker.stop();
  const refused = await bob.run(["uninstall", "--yes"]);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /nothing was removed, since mesh local could not be left: its broker is not in reach/);
  ok(await bob.run(["send", "@bob", "waits"]));
  for (const words of [["uninstall"], ["reset"]])
    assert.match((await bob.run([...words, "--yes"])).stderr, /1 message of @bob in mesh local has not been sent yet/);
  const gone = ok(await bob.run(["uninstall", "--yes", "--force"]));
  assert.match(
    gone,
    /^still a member of mesh local: its broker is not in reach.*\nremoved .*bob\nthe program itself: npm/,
  );
  assert.equal(existsSync(bob.home), false);
});

test("a passphrase is typed twice and never shown; Ctrl-C ends it, and nothing is written", async (t) => {
  const alice = host(t, "alice");
  const { dataDir } = await broker(t);
  const dir = join(alice.home, "daemon", "local");
  mkdirSync(dir, { recursive: true });
  await joinBroker({ dir, dataDir, name: "alice", role: "member" });
  const words = (...more: string[]) => [process.execPath, program, ...more];
  const own = { ...inheritedEnvironment(), CLAUDEMESH_HOME: alice.home };
  const out = join(alice.home, "..", "alice.backup");
  const typed = await onTerminal(
    words("backup", "--out", out),
    [
      ["passphrase", "geheimx\u007f\r"],
      ["once more", "geheim\r"],
    ],
    own,
  );
  assert.equal(typed.code, 0, typed.stdout);
  assert.match(typed.stdout, /backed up @alice of mesh local/);
  assert.doesNotMatch(typed.stdout, /geheim/);
  const stopped = await onTerminal(words("backup", "--out", `${out}.2`), [["passphrase", "geh\u0003"]], own);
  assert.deepEqual([stopped.code, existsSync(`${out}.2`)], [130, false]);
  const other = join(alice.home, "..", "other");
  const opened = await onTerminal(words("restore", "--in", out), [["passphrase", "geheim\r"]], {
    ...own,
    CLAUDEMESH_HOME: other,
  });
  assert.equal(opened.code, 0, opened.stdout);
  assert.match(opened.stdout, /restored @alice of mesh local/);
});
