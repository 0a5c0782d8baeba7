import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { host } from "../support/claudemesh.ts";

test("settings are listed, changed and taken back; comments stay, and a restart is asked for where it counts", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  const path = join(alice.home, "daemon", "local", "config.toml");
  assert.equal((await alice.run(["config", "path"])).stdout, `${path}\n`);
  assert.match(
    (await alice.run(["config", "list"])).stdout,
    /^outbox\.disk_bytes_max = 5000000000 \(default\)\n {2}\S/m,
  );

  const set = await alice.run(["config", "set", "outbox.disk_bytes_max", "2_000_000"]);
  assert.deepEqual(
    [set.code, set.stdout, set.stderr],
    [0, "outbox.disk_bytes_max is now 2000000\n", "next: claudemesh reload\n"],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  writeFileSync(path, `# mine\n${readFileSync(path, "utf8").replace("2000000", "2000000 # two")}`);
  assert.equal((await alice.run(["config", "set", "outbox.disk_bytes_max", "3000000"])).code, 0);
  assert.equal(readFileSync(path, "utf8"), "# mine\n[outbox]\ndisk_bytes_max = 3000000 # two\n");
  assert.equal((await alice.run(["config", "get", "outbox.disk_bytes_max"])).stdout, "3000000\n");
  assert.match((await alice.run(["config", "set", "outbox.disk_bytes_max", "3000000"])).stdout, /\(it was already\)/);

  assert.match((await alice.run(["daemon", "restart"])).stdout, /^daemon of local restarted \(pid \d+\)\n$/);
  const refused = await alice.run(["daemon", "restart"], { env: { CLAUDEMESH_OUTBOX_DISK_BYTES_MAX: "much" } });
  assert.match(refused.stderr, /CLAUDEMESH_OUTBOX_DISK_BYTES_MAX/);
  assert.match((await alice.run(["status"])).stdout, /: running \(pid/, "what no start could take stops nothing");
  assert.equal((await alice.status()).daemons[0]?.state, "running");

  const listed = await alice.run([
    "config",
    "set",
    "local_api.allowed_origins",
    "https://a.example",
    "https://b.example",
    "--json",
  ]);
  assert.deepEqual(JSON.parse(listed.stdout), {
    path,
    key: "local_api.allowed_origins",
    value: ["https://a.example", "https://b.example"],
    before: [],
    reload: "claudemesh reload",
    restart: null,
  });
  assert.equal(
    (await alice.run(["config", "get", "local_api.allowed_origins"])).stdout,
    "https://a.example\nhttps://b.example\n",
  );
  await alice.run(["config", "unset", "local_api.allowed_origins"]);
  assert.equal((await alice.run(["config", "get", "local_api.allowed_origins"])).stdout, "");
  const { settings } = JSON.parse((await alice.run(["config", "list", "--json"])).stdout) as {
    settings: { key: string; value: unknown; default: unknown; set: boolean; takes: string; help: string }[];
  };
  assert.deepEqual(
    settings.filter((setting) => setting.set).map(({ key, value, default: byDefault }) => [key, value, byDefault]),
    [["outbox.disk_bytes_max", 3_000_000, 5_000_000_000]],
  );
});

test("what the daemon would refuse is never written; a file that is wrong stays as it is, unless the change mends it", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  await alice.run(["down"]);
  const path = join(alice.home, "daemon", "local", "config.toml");
  const low = await alice.run(["config", "set", "outbox.disk_bytes_max", "5"]);
  assert.equal(low.code, 2);
  assert.match(low.stderr, /it must be a whole number of bytes, at least 1000000/);
  assert.match(
    (await alice.run(["config", "set", "outbox.disk_byte_max", "5000000"])).stderr,
    /did you mean `outbox\.disk/,
  );
  assert.match((await alice.run(["config", "get", "disk_bytes_max"])).stderr, /did you mean `outbox\.disk_bytes_max`/);
  const silence = await alice.run(["config", "set", "link.ping_seconds", "60"]);
  assert.deepEqual([silence.code, silence.stderr.includes("at least twice")], [1, true]);
  assert.throws(() => statSync(path), { code: "ENOENT" });

  writeFileSync(path, "[outbox]\nmax_age_hours_override = = 3\n");
  for (const words of [["list"], ["get", "outbox.disk_bytes_max"], ["set", "outbox.disk_bytes_max", "5000000"]]) {
    const ran = await alice.run(["config", ...words]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /config\.toml:2: this is not TOML/);
  }
  assert.equal(readFileSync(path, "utf8"), "[outbox]\nmax_age_hours_override = = 3\n");

  const wrong = "# mine\n[link]\nping_seconds = 60\n";
  for (const words of [
    ["unset", "link.ping_seconds"],
    ["set", "link.ping_seconds", "20"],
    ["set", "link.silence_seconds", "120"],
  ]) {
    writeFileSync(path, wrong);
    assert.equal((await alice.run(["config", ...words])).code, 0, words.join(" "));
    assert.match(readFileSync(path, "utf8"), /^# mine\n/);
  }
  writeFileSync(path, wrong);
  assert.equal((await alice.run(["config", "set", "outbox.disk_bytes_max", "5000000"])).code, 1);
  assert.equal(readFileSync(path, "utf8"), wrong);
});

test("the broker has settings of its own, and a restart that reads them", async (t) => {
  const alice = host(t, "alice");
  assert.equal((await alice.run(["config", "list"])).code, 3);
  assert.equal((await alice.run(["config", "set", "retention.message_days", "9", "--broker"])).code, 3);
  assert.equal((await alice.run(["broker", "restart"])).code, 3);
  await alice.up();
  const set = await alice.run(["config", "set", "retention.message_days", "9", "--broker"]);
  assert.match(set.stderr, /claudemesh broker restart\n$/);
  assert.match(
    (await alice.run(["config", "set", "retention.dedupe_days", "8", "--broker"])).stderr,
    /8 is below .* 9/,
  );
  const before = (await alice.status()).broker;
  const restarted = JSON.parse((await alice.run(["broker", "restart", "--json"])).stdout) as {
    status: { url: string; pid: number };
  };
  assert.equal(restarted.status.url, before.url);
  assert.notEqual(restarted.status.pid, before.pid);
});

test("daemon ps lists what runs, and with --all what does not", async (t) => {
  const alice = host(t, "alice");
  assert.deepEqual(await alice.run(["daemon", "ps"]), {
    code: 0,
    stdout: "",
    stderr: "no daemons; make one: claudemesh up\n",
  });
  await alice.up();
  assert.match(
    (await alice.run(["daemon", "ps"])).stdout,
    /^PID +MESH +ADDRESS +STATE +SOCKET\n\d+ +local +@alice +running +\/\S+\n$/,
  );
  await alice.run(["daemon", "down"]);
  assert.equal((await alice.run(["daemon", "ps"])).stdout, "");
  const all = JSON.parse((await alice.run(["daemon", "ps", "--all", "--json"])).stdout) as {
    daemons: { state: string }[];
  };
  assert.deepEqual(
    all.daemons.map(({ state }) => state),
    ["stopped"],
  );
  assert.equal((await alice.run(["daemon", "restart"])).code, 0);
  assert.equal((await alice.status()).daemons[0]?.state, "running");
  assert.equal((await alice.run(["daemon", "restart", "--mesh", "other"])).code, 3);
  for (const word of ["up", "down", "restart"])
    assert.equal((await alice.run(["daemon", word], { env: { CLAUDEMESH_MESH: "other" } })).code, 3, word);
  assert.equal((await alice.run(["daemon", "restart"], { env: { CLAUDEMESH_MESH: "" } })).code, 0);
});

test("--set stands above the file until it is taken back, restarts what ran by another value, and is refused before anything stops", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  const settings = async (...words: string[]) => {
    const ran = await alice.run(["config", "list", "--json", ...words]);
    const listed = JSON.parse(ran.stdout) as {
      settings: { key: string; value: unknown; from: string; name: unknown }[];
    };
    return new Map(listed.settings.map(({ key, value, from, name }) => [key, [value, from, name]]));
  };
  const before = await alice.status();
  for (const wrong of ["link.ping_second=5", "retention.message_days=5"]) {
    const ran = await alice.run(["daemon", "up", "--set", wrong]);
    assert.equal(ran.code, 2, ran.stderr);
  }
  const both = await alice.run(["daemon", "up", "--set", "link.ping_seconds=60"]);
  assert.match(both.stderr, /--set link\.ping_seconds.*at least twice/);
  assert.equal((await alice.status()).daemons[0]?.pid, before.daemons[0]?.pid, "what runs goes on by what was right");

  await alice.run(["up", "--set", "link.ping_seconds=20", "--set", "retention.message_days=9"]);
  const during = await alice.status();
  assert.notEqual(during.daemons[0]?.pid, before.daemons[0]?.pid);
  assert.notEqual(during.broker.pid, before.broker.pid);
  assert.deepEqual((await settings()).get("link.ping_seconds"), [20, "flag", "--set link.ping_seconds"]);
  assert.deepEqual((await settings("--broker")).get("retention.message_days"), [
    9,
    "flag",
    "--set retention.message_days",
  ]);
  const set = await alice.run(["config", "set", "link.ping_seconds", "10"]);
  assert.match(set.stderr, /--set link\.ping_seconds stands above the file: link\.ping_seconds is 20/);
  assert.equal((await alice.run(["reload"])).stdout.split("\n")[0]?.endsWith("unchanged"), true);

  await alice.run(["daemon", "up", "--set", "link.ping_seconds"]);
  assert.deepEqual((await settings()).get("link.ping_seconds"), [10, "file", null]);
  const env = { CLAUDEMESH_LINK_PING_SECONDS: "15" };
  const got = await alice.run(["config", "get", "link.ping_seconds", "--json"], { env });
  assert.deepEqual(
    [(JSON.parse(got.stdout) as { value: unknown }).value, (JSON.parse(got.stdout) as { from: unknown }).from],
    [15, "environment"],
  );
  await alice.run(["daemon", "down"]);
  const misspelled = await alice.run(["daemon", "up"], { env: { CLAUDEMESH_LINK_PING_SECOND: "15" } });
  assert.equal(misspelled.code, 3);
  assert.match(misspelled.stderr, /CLAUDEMESH_LINK_PING_SECOND[\s\S]*CLAUDEMESH_LINK_PING_SECONDS/);
});

test("rename, rotate-token and recover say what they have done", async (t) => {
  const alice = host(t, "alice");
  await alice.up();
  assert.match((await alice.run(["rename", "desk"])).stdout, /^you are @desk; @alice still leads to you/);
  const token = () => readFileSync(join(alice.home, "daemon", "local", "local_token"), "utf8");
  const before = token();
  assert.match((await alice.run(["rotate-token"])).stdout, /holds until 20/);
  assert.notEqual(token(), before);
  assert.equal((await alice.run(["recover"])).code, 4, "a daemon runs on them");
  await alice.run(["send", "@desk", "hello"]);
  await alice.run(["daemon", "down"]);
  assert.equal((await alice.status()).daemons[0]?.address, "@desk");
  writeFileSync(join(alice.home, "daemon", "local", "outbox.db"), "no database", { flag: "r+" });
  const up = await alice.run(["daemon", "up"]);
  assert.match(up.stderr, /claudemesh recover/);
  const recovered = await alice.run(["recover"]);
  assert.match(recovered.stdout, /^outbox was damaged; it is kept as \S+outbox\.db\.corrupt-\S+\n/);
  assert.match(recovered.stdout, /\n1 row of the outbox saved as they were\n/);
  assert.match(recovered.stdout, /\ninbox is sound; nothing was changed\n|^inbox is sound; nothing was changed\n/m);
  assert.equal((await alice.run(["daemon", "up"])).code, 0);
});
