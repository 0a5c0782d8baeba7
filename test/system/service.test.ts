import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { exitCodes } from "../../src/bin/exit-codes.ts";
import { installServiceOf } from "../../src/bin/service/service-of-home.ts";
import { type ServiceHost, thisHost } from "../../src/bin/service/service-host.ts";
import { uninstallServices } from "../../src/bin/service/uninstall-service.ts";
import type { DaemonStatus, InstallRequest } from "../../src/cli/launcher.ts";
import { readLogLine } from "../../src/cli/log/log-line.ts";
import { foundedMember } from "../../src/daemon/membership/founded-member.fixture.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { inheritedEnvironment } from "../support/inherited-environment.ts";
import { onEnd } from "../support/on-end.ts";
import { daemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

interface Service {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function watched(child: ChildProcess): Service {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stderr })));
  return { child, ended };
}

/** A machine whose systemd is a double: what is restarted runs as the unit says, what is disabled gets SIGTERM. */
function machineOf(t: TestContext): { readonly machine: ServiceHost; readonly services: Service[] } {
  const root = tempFolder(t);
  mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  const services: Service[] = [];
  const machine: ServiceHost = {
    ...thisHost,
    platform: "linux",
    env: {},
    homeFolder: join(root, "alice"),
    userName: "alice",
    root,
    async runTool(_command, words) {
      const unit = join(root, "alice/.config/systemd/user", words.at(-1) ?? "");
      if (words.includes("restart")) {
        const line = /^ExecStart=(.*)$/m.exec(readFileSync(unit, "utf8"))?.[1] ?? "";
        const [node = "", ...args] = [...line.matchAll(/"([^"]*)"/g)].map(([, word = ""]) => word);
        const child = spawn(node, args, { env: inheritedEnvironment(), stdio: ["ignore", "ignore", "pipe"] });
        const service = watched(child);
        services.push(service);
        onEnd(t, async () => {
          child.kill("SIGTERM");
          await service.ended;
        });
      }
      if (words.includes("disable")) {
        services.at(-1)?.child.kill("SIGTERM");
        await services.at(-1)?.ended;
      }
      return { code: 0, output: "" };
    },
  };
  return { machine, services };
}

function requestOf(home: string): InstallRequest {
  return { home, mesh: null, scope: "user", user: null, broker: false, start: true, dryRun: false, force: true };
}

/** Resolves with what is found of a home's daemon as soon as it is as wanted. */
async function daemonWhen(
  of: TestHost,
  mesh: string,
  wanted: (daemon: DaemonStatus) => boolean,
): Promise<DaemonStatus> {
  for (;;) {
    const daemon = (await of.status()).daemons.find((one) => one.mesh === mesh);
    if (daemon !== undefined && wanted(daemon)) return daemon;
  }
}

/** A host that has joined a mesh whose broker is nowhere: nothing of it has ever run. */
function joinedHost(t: TestContext): { readonly alice: TestHost; readonly dir: string } {
  const alice = host(t, "alice");
  const dir = join(alice.home, "daemon/local");
  const mesh = { mesh_id: "0198f0a0-0000-7000-8000-000000000001", slug: "local", member_name: "alice" };
  const pins = { broker_url: "ws://127.0.0.1:9/v1/link", broker_key: "ab".repeat(32), certificate_print: null };
  foundedMember(dir, { ...mesh, ...pins }, 0);
  return { alice, dir };
}

/** Daemons that the supervisor of a home says it has started. */
function startedBySupervisor(home: string): unknown[] {
  const lines = readFileSync(join(home, "supervisor.log"), "utf8").split("\n").map(readLogLine);
  return lines.flatMap((line) => (line?.["daemon_pid"] === undefined ? [] : [line["daemon_pid"]]));
}

test("an installed service takes the daemons over, keeps them running, takes starts from commands, and ends with its removal", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const { machine, services } = machineOf(t);
  const before = (await alice.status()).daemons[0]?.pid;
  const { runs, notices } = await installServiceOf(requestOf(alice.home), machine);
  assert.match(runs.join("\n"), /daemon of local that ran is stopped[\s\S]*the daemon of local runs as @alice/);
  assert.deepEqual(
    notices.filter((notice) => !notice.includes("linger")),
    [],
  );
  const first = (await alice.status()).daemons[0];
  assert.notEqual(first?.pid, before);

  process.kill(first?.pid ?? 0, "SIGKILL");
  const second = await daemonWhen(alice, "local", ({ state, pid }) => state === "running" && pid !== first?.pid);
  assert.equal(
    ok(await alice.run(["send", "@alice", "still here", "--id", "one", "--wait", "delivered"])),
    "delivered one\n",
  );

  ok(await alice.run(["daemon", "restart"]));
  const third = (await alice.status()).daemons[0];
  ok(await alice.run(["mesh", "create", "work"]));
  const work = (await alice.status()).daemons.find(({ mesh }) => mesh === "work");
  assert.deepEqual(startedBySupervisor(alice.home), [first?.pid, second.pid, third?.pid, work?.pid]);

  const beside = await alice.run(["daemon", "run", "--all"]);
  assert.deepEqual([beside.code, /already|keeps the daemons/.test(beside.stderr)], [exitCodes.already_running, true]);

  const removed = await uninstallServices({ home: alice.home }, machine);
  assert.equal(existsSync(removed[0]?.path ?? alice.home), false);
  assert.equal((await services[0]?.ended)?.code, exitCodes.ok);
  const { daemons } = await alice.status();
  assert.deepEqual(
    daemons.map(({ state, last_end }) => [state, last_end]),
    [
      ["stopped", null],
      ["stopped", null],
    ],
  );
  ok(await alice.run(["daemon", "up", "--all"]));
  assert.deepEqual(
    (await alice.status()).daemons.map(({ state }) => state),
    ["running", "running"],
  );
});

test("a supervisor whose daemons all need a person ends with 18, or with 0 for those that start again whatever else ends", async (t) => {
  const { alice, dir } = joinedHost(t);
  writeFileSync(join(dir, "config.toml"), "[outbx]\n");
  const ended = await alice.run(["daemon", "run", "--all"]);
  assert.equal(ended.code, exitCodes.needs_person, ended.stderr);
  assert.match(ended.stderr, /no daemon can run as things are: local ended with exit code 11 \(invalid config\)/);
  assert.equal((await alice.run(["daemon", "run", "--all", "--settle"])).code, exitCodes.ok);
  assert.equal((await alice.run(["daemon", "run", "--mesh", "local"])).code, exitCodes.invalid_config);
  const unknown = await alice.run(["daemon", "run", "--mesh", "nowhere"]);
  assert.deepEqual([unknown.code, /hint: joined: local/.test(unknown.stderr)], [3, true]);
  const settled = await alice.run(["daemon", "run", "--mesh", "nowhere", "--settle"]);
  assert.deepEqual([settled.code, settled.stderr], [0, unknown.stderr]);
});

test("a daemon that was started by up is left running, and taken over when it is killed", async (t) => {
  const { alice, dir } = joinedHost(t);
  const { pid: before } = await daemonProcess(t, dir);
  const service = watched(alice.start(["daemon", "run", "--all"]));
  await new Promise<void>((resolve) =>
    service.child.stderr?.on(
      "data",
      (text: string) => void (text.includes("runs already, not started here") && resolve()),
    ),
  );
  assert.equal((await alice.status()).daemons[0]?.pid, before);
  process.kill(before, "SIGKILL");
  await daemonWhen(alice, "local", ({ state, pid }) => state === "running" && pid !== before);
  service.child.kill("SIGTERM");
  assert.equal((await service.ended).code, exitCodes.ok);
  assert.equal((await alice.status()).daemons[0]?.state, "stopped");
});

test("a daemon in the foreground logs to stderr, tells its start and end where status looks, and ends when told to", async (t) => {
  const { alice } = joinedHost(t);
  const service = watched(alice.start(["daemon", "run"]));
  const { pid } = await daemonWhen(alice, "local", ({ state }) => state === "running");
  assert.equal(pid, service.child.pid);
  const twice = await alice.run(["daemon", "run"]);
  assert.deepEqual([twice.code, /another daemon runs/.test(twice.stderr)], [exitCodes.already_running, true]);
  service.child.kill("SIGTERM");
  const { code, stderr } = await service.ended;
  assert.equal(code, exitCodes.ok);
  const logged = stderr.trimEnd().split("\n").map(readLogLine);
  assert.ok(logged.some((line) => line?.["msg"] === "link down; dialling again" && line["mesh"] === "local"));
  const noted = readFileSync(join(alice.home, "daemon/local/daemon.log"), "utf8");
  assert.match(noted, new RegExp(`"pid":${pid}.*"started":true`));
  assert.match(noted, new RegExp(`"pid":${pid}.*"exit_code":0`));
  assert.doesNotMatch(noted, new RegExp(`"pid":${pid}.*"link down`));
  assert.equal((await alice.status()).daemons[0]?.last_end, null);
});
