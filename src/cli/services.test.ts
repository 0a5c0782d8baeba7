import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import type { DaemonStatus, InstallAnswer, InstallRequest, Launcher, ServiceShown } from "./launcher.ts";
import { main } from "./main.ts";

interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home with daemons of these meshes, and a launcher that does this alone. */
function homeOf(
  t: TestContext,
  slugs: readonly string[],
  does: Partial<Launcher>,
): (words: readonly string[], mesh?: string) => Promise<Typed> {
  const home = mkdtempSync(join(tmpdir(), "cm-cli-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  for (const slug of slugs) {
    mkdirSync(join(home, "daemon", slug), { recursive: true });
    writeFileSync(join(home, "daemon", slug, "mesh.json"), "{}");
  }
  return async (words, mesh) => {
    let [stdout, stderr] = ["", ""];
    const code = await main(words, {
      env: { CLAUDEMESH_HOME: home, CLAUDEMESH_MESH: mesh },
      stdin: () => Readable.from([]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      launcher: async () => does as Launcher,
      signal: new AbortController().signal,
    });
    return { code, stdout, stderr };
  };
}

const service: ServiceShown = {
  name: "claudemesh-daemon",
  of: "daemon",
  scope: "user",
  path: "/x/claudemesh-daemon.service",
  change: "written",
};
const installed: InstallAnswer = {
  services: [service],
  commands: ["/usr/bin/systemctl --user daemon-reload"],
  dry_run: false,
  files: [],
  runs: ["the daemon of local runs as @alice (pid 7)"],
  notices: ["it ends when you log out"],
};

test("install-service says each step, on a dry run what it would do, and its notices on standard error", async (t) => {
  const asked: InstallRequest[] = [];
  const type = homeOf(t, ["local"], {
    async installService(request) {
      asked.push(request);
      return request.dryRun ? { ...installed, dry_run: true, files: ["[Unit]\nA=b\n"], runs: [] } : installed;
    },
  });
  const done = await type(["install-service"], "other");
  assert.equal(
    done.stdout,
    "written /x/claudemesh-daemon.service\nran /usr/bin/systemctl --user daemon-reload\nthe daemon of local runs as @alice (pid 7)\n",
  );
  assert.equal(done.stderr, "notice: it ends when you log out\n");
  const dry = await type(["install-service", "--dry-run", "--system", "--as", "mesh", "--no-start", "--mesh", "local"]);
  assert.equal(
    dry.stdout,
    "# /x/claudemesh-daemon.service (would be written)\n[Unit]\nA=b\n# then: /usr/bin/systemctl --user daemon-reload\n",
  );
  assert.deepEqual(JSON.parse((await type(["install-service", "--json"])).stdout), installed);
  const told = asked.map(({ scope, user, start, mesh }) => [scope, user, start, mesh]);
  // A mesh that the environment means for other commands leaves no daemon out.
  assert.deepEqual(told, [
    ["user", null, true, null],
    ["system", "mesh", false, "local"],
    ["user", null, true, null],
  ]);
  assert.equal((await type(["install-service", "--as", "mesh"])).code, 2);
});

test("uninstall-service names what it removed, and ends with 7 where there was nothing", async (t) => {
  let found: readonly ServiceShown[] = [{ ...service, change: "removed" }];
  const type = homeOf(t, ["local"], { uninstallService: async () => found });
  const removed = await type(["uninstall-service"]);
  assert.equal(removed.stdout, "stopped claudemesh-daemon and removed /x/claudemesh-daemon.service\n");
  found = [];
  const none = await type(["uninstall-service"]);
  assert.deepEqual([none.code, /install-service --dry-run/.test(none.stderr)], [7, true]);
  assert.equal((await type(["uninstall-service", "--mesh", "a", "--broker"])).code, 2);
});

test("daemon run settles where it cannot run at all, and takes one mesh or all", async (t) => {
  const type = homeOf(t, ["local"], {
    daemonRun: async () => {
      throw new ClaudemeshError("not_running", "there is no such daemon", { hint: "claudemesh up" });
    },
  });
  const plain = await type(["daemon", "run"]);
  const settled = await type(["daemon", "run", "--settle"]);
  assert.deepEqual([plain.code, settled.code, settled.stderr], [3, 0, plain.stderr]);
  assert.equal((await type(["daemon", "run", "--all", "--mesh", "local"])).code, 2);
  assert.equal((await type(["daemon", "run", "--log-to", "fiel"])).code, 2);
});

test("daemon status shows the daemon of one mesh where one is meant, and all of them with --all", async (t) => {
  const daemons = ["local", "team"].map((mesh) => ({ mesh }) as DaemonStatus);
  const broker = { url: null, exposed_url: null, state: "absent", pid: null, data_dir: null } as const;
  const type = homeOf(t, ["local", "team"], { status: async () => ({ daemons, broker }) });
  const shown = async (words: readonly string[], mesh?: string): Promise<unknown> =>
    (
      JSON.parse((await type(["daemon", "status", "--json", ...words], mesh)).stdout) as { daemons: DaemonStatus[] }
    ).daemons.map((daemon) => daemon.mesh);
  assert.deepEqual(await shown([]), ["local", "team"]);
  assert.deepEqual(await shown(["--mesh", "team"]), ["team"]);
  assert.deepEqual(await shown([], "team"), ["team"]);
  assert.deepEqual(await shown(["--all"], "team"), ["local", "team"]);
  assert.equal((await type(["daemon", "status", "--mesh", "nowhere"])).code, 3);
});
