import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import type { InstallRequest } from "../../cli/launcher.ts";
import { installServices, type ServiceHome } from "./install-service.ts";
import { installedServices } from "./installed-services.ts";
import type { ServiceHost, ToolRun } from "./service-host.ts";
import { uninstallServices } from "./uninstall-service.ts";

interface Machine {
  readonly host: ServiceHost;
  readonly home: string;
  /** Commands that its manager was told, without the path. */
  readonly told: string[];
  readonly stopped: string[];
  readonly of: ServiceHome;
  request(more?: Partial<InstallRequest>): InstallRequest;
  install(more?: Partial<InstallRequest>): ReturnType<typeof installServices>;
}

interface Given {
  readonly platform?: NodeJS.Platform;
  readonly meshes?: readonly string[];
  readonly runsSystemd?: boolean;
  /** Answers instead of success. */
  readonly answer?: (words: readonly string[]) => ToolRun | undefined;
}

/** A machine of its own below a folder, whose manager of services is a double that notes what it is told. */
function machine(
  t: TestContext,
  { platform = "linux", meshes = ["local", "team"], runsSystemd = true, answer }: Given = {},
): Machine {
  const folder = tempFolder(t);
  const home = join(folder, "alice/.claudemesh");
  mkdirSync(home, { recursive: true });
  if (runsSystemd) mkdirSync(join(folder, "run/systemd/system"), { recursive: true });
  const told: string[] = [];
  const stopped: string[] = [];
  const host: ServiceHost = {
    platform,
    env: { SystemRoot: "C:\\Windows" },
    homeFolder: join(folder, "alice"),
    userName: "alice",
    uid: process.getuid?.() ?? 0,
    root: folder,
    node: "/opt/node/bin/node",
    program: "/opt/claudemesh/dist/bin/claudemesh.js",
    async runTool(command, args) {
      assert.match(command, /^(\/|C:\\)/, "absolute, so that nothing else on PATH is run");
      told.push([command.split(/[/\\]/).at(-1), ...args].join(" "));
      return answer?.(args) ?? { code: 0, output: "" };
    },
    pause: async () => {},
  };
  const of: ServiceHome = {
    meshes,
    hasBroker: true,
    broker: () => ({ lowPort: true, writable: ["/srv/files"] }),
    async stop(kinds, mesh) {
      stopped.push(`${kinds.join("+")} ${mesh ?? "all"}`);
      return [];
    },
    confirm: async () => ({ runs: [], notices: [] }),
  };
  const request = (more: Partial<InstallRequest> = {}): InstallRequest => ({
    home,
    mesh: null,
    scope: "user",
    user: null,
    broker: false,
    start: true,
    dryRun: false,
    force: false,
    ...more,
  });
  return { host, home, told, stopped, of, request, install: (more) => installServices(request(more), host, of) };
}

/** Every file below a machine's folder, for what must not change. */
function filesOf({ host }: Machine): Readonly<Record<string, string>> {
  const names = readdirSync(host.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "utf8")]),
  );
}

test("a user's service is written, enabled and started, in this order, after what ran in the background was stopped", async (t) => {
  const on = machine(t);
  const { services, commands, notices } = await on.install();
  const [service] = services;
  assert.equal(service?.path, join(on.host.homeFolder, ".config/systemd/user/claudemesh-daemon.service"));
  assert.equal(service.change, "written");
  assert.match(readFileSync(service.path, "utf8"), /ExecStart="\/opt\/node\/bin\/node" .* "--all"/);
  assert.deepEqual(on.told, [
    "systemctl --user daemon-reload",
    "systemctl --user enable claudemesh-daemon.service",
    "systemctl --user reset-failed claudemesh-daemon.service",
    "systemctl --user restart claudemesh-daemon.service",
  ]);
  assert.equal(commands.length, on.told.length);
  assert.deepEqual(on.stopped, ["daemon all"]);
  assert.match(notices.join("\n"), /loginctl enable-linger alice/);
});

test("a second installation changes nothing; after a change the file is replaced, and both are said", async (t) => {
  const on = machine(t);
  await on.install();
  const before = filesOf(on);
  assert.equal((await on.install()).services[0]?.change, "unchanged");
  assert.deepEqual(filesOf(on), before);
  const { services } = await installServices(on.request(), { ...on.host, node: "/opt/node-26/bin/node" }, on.of);
  assert.equal(services[0]?.change, "replaced");
  assert.deepEqual(
    installedServices(on.home, on.host).map(({ node }) => node),
    ["/opt/node-26/bin/node"],
  );
});

test("a dry run shows the file and the commands, and does nothing", async (t) => {
  const on = machine(t, { runsSystemd: false });
  const { files, commands, services } = await on.install({ dryRun: true, broker: true });
  assert.deepEqual([files.length, services.length], [2, 2]);
  assert.match(files[0] ?? "", /"broker" "--home"/);
  assert.match(
    (await on.install({ dryRun: true, broker: true, scope: "system" })).files[0] ?? "",
    /AmbientCapabilities=CAP_NET_BIND_SERVICE[\s\S]*ReadWritePaths=.* "\/srv\/files"/,
  );
  assert.ok(commands.some((call) => call.endsWith("--user restart claudemesh-daemon.service")));
  assert.deepEqual([on.told, on.stopped, filesOf(on)], [[], [], {}]);
});

test("without --start it starts at the next log-in, and what runs now runs on", async (t) => {
  const on = machine(t);
  await on.install({ start: false });
  assert.deepEqual(on.stopped, []);
  assert.ok(!on.told.some((call) => call.includes("restart")));
});

test("a file that is not its own is neither replaced nor removed", async (t) => {
  for (const foreign of [
    "[Unit]\nDescription=mine\n",
    '# claudemesh-service {"of":"daemon","home":"/other","mesh":null,"node":"/n","program":"/p"}\n',
  ]) {
    const on = machine(t);
    const folder = join(on.host.homeFolder, ".config/systemd/user");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "claudemesh-daemon.service"), foreign);
    await assert.rejects(on.install(), { code: "already_exists" });
    assert.deepEqual([on.told, on.stopped], [[], []]);
    assert.deepEqual(await uninstallServices({ home: on.home }, on.host), []);
    assert.equal(readFileSync(join(folder, "claudemesh-daemon.service"), "utf8"), foreign);
  }
});

test("when the manager will not have it, what stood there before stands there again, and nothing was stopped", async (t) => {
  let refuses = true;
  const answer = (words: readonly string[]): ToolRun | undefined =>
    refuses && words.includes("enable") ? { code: 1, output: "Failed to connect to bus" } : undefined;
  const on = machine(t, { answer });
  await assert.rejects(on.install(), (error: Error & { code: string; hint: string }) => {
    assert.equal(error.code, "not_allowed");
    assert.match(
      error.message,
      /systemctl --user enable claudemesh-daemon.service ended with 1: Failed to connect to bus/,
    );
    assert.match(error.hint, /XDG_RUNTIME_DIR/);
    return true;
  });
  assert.deepEqual([filesOf(on), on.stopped], [{}, []]);
  refuses = false;
  await on.install();
  const before = filesOf(on);
  refuses = true;
  await assert.rejects(installServices(on.request(), { ...on.host, node: "/opt/other/node" }, on.of));
  assert.deepEqual(filesOf(on), before);
});

test("where systemd does not run, nothing is written, and what to do instead is said", async (t) => {
  const on = machine(t, { runsSystemd: false });
  await assert.rejects(on.install(), { code: "not_allowed", hint: /daemon run --all/ });
  assert.deepEqual([filesOf(on), on.told, on.stopped], [{}, [], []]);
});

test("an operating system whose services are not known is told so, and has none to remove", async (t) => {
  const on = machine(t, { platform: "aix" });
  await assert.rejects(on.install(), { code: "not_allowed", hint: /daemon run --all/ });
  assert.deepEqual(await uninstallServices({ home: on.home }, on.host), []);
});

test("two services never start the same daemon: all or one, of a user or of the system", async (t) => {
  const all = machine(t);
  await all.install();
  await assert.rejects(all.install({ mesh: "team" }), { code: "already_exists", hint: /uninstall-service/ });
  await assert.rejects(all.install({ scope: "system" }), { code: "already_exists" });
  const each = machine(t);
  await each.install({ mesh: "team" });
  await each.install({ mesh: "local" });
  await assert.rejects(each.install(), { code: "already_exists" });
  assert.deepEqual(
    installedServices(each.home, each.host).map(({ name }) => name),
    ["claudemesh-daemon-mesh-local", "claudemesh-daemon-mesh-team"],
  );
});

test("the service of another home stands beside it, and is not removed with it", async (t) => {
  const on = machine(t);
  const other = join(on.host.homeFolder, "other");
  mkdirSync(other);
  await on.install();
  await on.install({ home: other });
  assert.equal(installedServices(on.home, on.host).length, 1);
  assert.equal((await uninstallServices({ home: on.home }, on.host)).length, 1);
  assert.equal(installedServices(on.home, on.host).length, 0);
  assert.equal(installedServices(other, on.host).length, 1);
});

test("a home without a mesh has no daemon to start, and a mesh that it has not joined is told of", async (t) => {
  const none = machine(t, { meshes: [] });
  await assert.rejects(none.install(), { code: "not_running", hint: /--broker/ });
  assert.deepEqual(
    (await none.install({ broker: true })).services.map(({ of }) => of),
    ["broker"],
  );
  await assert.rejects(machine(t).install({ mesh: "nowhere" }), { code: "not_running", hint: "joined: local, team" });
});

test("a service of the system runs as whose home it is, or as whom is named", async (t) => {
  const on = machine(t);
  const path = (await on.install({ scope: "system" })).services[0]?.path ?? "";
  assert.ok(path.startsWith(join(on.host.root, "/etc/systemd/system/claudemesh-daemon-")));
  assert.match(readFileSync(path, "utf8"), /^User=alice$/m);
  await on.install({ scope: "system", user: "mesh" });
  assert.match(readFileSync(path, "utf8"), /^User=mesh$/m);
  const answer = (words: readonly string[]): ToolRun | undefined =>
    words[0] === "-nu" ? { code: 0, output: "owner" } : undefined;
  const asRoot = machine(t, { answer });
  await installServices(asRoot.request({ scope: "system" }), { ...asRoot.host, uid: asRoot.host.uid + 1 }, asRoot.of);
  const [file] = installedServices(asRoot.home, asRoot.host);
  assert.match(readFileSync(file?.path ?? "", "utf8"), /^User=owner$/m);
});

test("uninstalling stops each service of the home, removes its file, and no other", async (t) => {
  const on = machine(t);
  await on.install({ broker: true });
  const beside = join(on.host.homeFolder, ".config/systemd/user/claudemesh-other.service");
  writeFileSync(beside, "[Unit]\n");
  on.told.length = 0;
  assert.deepEqual(
    (await uninstallServices({ home: on.home, broker: true }, on.host)).map(({ name }) => name),
    ["claudemesh-broker"],
  );
  const removed = await uninstallServices({ home: on.home }, on.host);
  assert.deepEqual(
    removed.map(({ name, change }) => [name, change]),
    [["claudemesh-daemon", "removed"]],
  );
  assert.deepEqual(
    on.told.filter((call) => call.includes("disable")),
    [
      "systemctl --user disable --now claudemesh-broker.service",
      "systemctl --user disable --now claudemesh-daemon.service",
    ],
  );
  assert.equal(on.told.at(-2), "systemctl --user daemon-reload");
  assert.deepEqual(Object.keys(filesOf(on)), [beside]);
});

test("a service that cannot be stopped keeps its file, so that it is found again", async (t) => {
  const answer = (words: readonly string[]): ToolRun | undefined =>
    words.includes("disable") ? { code: 1, output: "Access denied" } : undefined;
  const on = machine(t, { answer });
  await on.install();
  await assert.rejects(uninstallServices({ home: on.home }, on.host), { code: "not_allowed" });
  assert.equal(installedServices(on.home, on.host).length, 1);
});

test("on macOS an agent is enabled, and loaded anew; loading is tried again while the one before goes", async (t) => {
  let busy = 2;
  const answer = (words: readonly string[]): ToolRun | undefined => {
    if (words[0] === "bootout") return { code: 3, output: "No such process" };
    if (words[0] !== "bootstrap" || busy === 0) return undefined;
    busy -= 1;
    return { code: 5, output: "Bootstrap failed: 5: Input/output error" };
  };
  const on = machine(t, { platform: "darwin", answer });
  const path = (await on.install()).services[0]?.path ?? "";
  assert.equal(path, join(on.host.homeFolder, "Library/LaunchAgents/claudemesh.daemon.plist"));
  const load = `launchctl bootstrap gui/${on.host.uid} ${path}`;
  assert.deepEqual(on.told, [
    `launchctl enable gui/${on.host.uid}/claudemesh.daemon`,
    `launchctl bootout gui/${on.host.uid}/claudemesh.daemon`,
    ...[load, load, load],
  ]);
  await uninstallServices({ home: on.home }, on.host);
  assert.equal(on.told.at(-1), `launchctl bootout gui/${on.host.uid}/claudemesh.daemon`);
  assert.equal(existsSync(path), false);
});

test("on Windows a task is created of a file of the home and run, unless one of that name is somebody else's", async (t) => {
  let task: string | null = null;
  const answer = (words: readonly string[]): ToolRun | undefined => {
    if (words[0] === "/Query")
      return task === null ? { code: 1, output: "ERROR: The system cannot find it" } : { code: 0, output: task };
    return undefined;
  };
  const on = machine(t, { platform: "win32", answer });
  task = "<Task><Description>mine</Description></Task>";
  await assert.rejects(on.install(), { code: "already_exists" });
  task = null;
  const path = (await on.install()).services[0]?.path ?? "";
  assert.equal(path, join(on.home, "service/user/claudemesh-daemon.xml"));
  assert.deepEqual([...readFileSync(path).subarray(0, 2)], [0xff, 0xfe]);
  assert.deepEqual(on.told.slice(-3), [
    `schtasks.exe /Create /TN claudemesh-daemon /XML ${path} /F`,
    "schtasks.exe /End /TN claudemesh-daemon",
    "schtasks.exe /Run /TN claudemesh-daemon",
  ]);
  assert.equal((await on.install()).services[0]?.change, "unchanged");
  await uninstallServices({ home: on.home }, on.host);
  assert.equal(on.told.at(-1), "schtasks.exe /Delete /TN claudemesh-daemon /F");
  assert.equal(existsSync(path), false);
});
