import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { InboxItem, Page } from "../../src/protocol/local-api.ts";
import { npm, pack } from "../support/npm.ts";
import { onEnd } from "../support/on-end.ts";
import { run } from "../support/run.ts";
import { hostNode, sandbox, sandboxPaths } from "../support/sandbox.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
/** A good deal more than it is: beyond, something came along which should not. */
const packedBytesMax = 1_000_000;
const nodePackage = `node-${process.platform}-${process.arch}`;

/** Paths below a folder of the checkout that end as wanted, relative to the checkout. */
function filesOf(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

/** Whether this machine's own Node runs the program; else the one that the package brings does. */
async function hostIsNew(): Promise<boolean> {
  const { stdout } = await run(hostNode(), ["-p", "process.versions.node"]);
  const [major = 0, minor = 0] = stdout.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

async function install(t: TestContext, options: readonly string[]): Promise<string> {
  const prefix = join(tempFolder(t), "p");
  const { tarball } = await pack(tempFolder(t));
  await npm(["install", "--prefix", prefix, "--prefer-offline", "--no-audit", "--no-fund", ...options, tarball]);
  return prefix;
}

test("the package holds the program compiled from what is here, what that reads, and nothing else", async (t) => {
  const packed = await pack(tempFolder(t));
  const compiled = filesOf("src", ".ts")
    .filter((path) => !/\.(test|fixture)\.ts$|\/testing\/|^src\/bin\/(demo|write-|sdk-types\/)/.test(path))
    .map((path) => path.replace(/^src(.*)ts$/, "dist$1js"));
  assert.ok(compiled.includes("dist/bin/run-daemon.js"));
  assert.deepEqual(
    packed.files.toSorted(),
    [
      ...["CHANGELOG.md", "LICENSE", "README.md", "package.json", "bin/claudemesh.mjs"],
      ...compiled,
      ...filesOf("migrations", ".sql"),
      ...filesOf("completions", ""),
    ].sort(),
  );
  assert.ok(packed.bytes < packedBytesMax, `${packed.bytes} bytes`);
});

/** Two members of one broker on a machine that has the package and no checkout; says what a user would look at. */
const visit = `
  if [ -e "${root}/package.json" ]; then echo "the checkout is visible" >&2; exit 1; fi
  bob() { CLAUDEMESH_HOME=~/bob claudemesh "$@"; }
  claudemesh version --json
  claudemesh up --name alice >&2
  bob up --name bob --broker ~/.claudemesh/broker >&2
  claudemesh send @bob "from a package" --id first --wait delivered
  bob inbox --json | node -p 'JSON.stringify(JSON.parse(fs.readFileSync(0)))'
  for pid in $(claudemesh status --json | node -p 'const s = JSON.parse(fs.readFileSync(0)); s.daemons[0].pid + " " + s.broker.pid'); do
    readlink /proc/$pid/exe
  done
  bob down
  claudemesh down
`;

test("installed globally on a machine without the checkout, it carries messages, ends when told to, and serves MCP", async (t) => {
  const prefix = await install(t, ["--global"]);
  const { code, stdout, stderr } = await sandbox(prefix, [`${sandboxPaths.installed}/bin`], visit);
  assert.equal(code, 0, stdout + stderr);
  const [versions = "", sent, inbox = "", daemon, broker, ...downs] = stdout.trimEnd().split("\n");
  assert.equal((JSON.parse(versions) as { cli: string }).cli, version);
  assert.equal(sent, "delivered first");
  assert.deepEqual(
    (JSON.parse(inbox) as Page<InboxItem>).items.map(({ from, message, verified }) => [from.name, message, verified]),
    [["alice", "from a package", true]],
  );
  const pinned = `${sandboxPaths.installed}/lib/node_modules/claudemesh/node_modules/${nodePackage}/bin/node`;
  const expected = (await hostIsNew()) ? sandboxPaths.node : pinned;
  assert.deepEqual([daemon, broker], [expected, expected]);
  assert.deepEqual(downs, ["daemon of local stopped", "daemon of local stopped", "broker stopped"]);
  await servesTools(t, prefix);
});

/** To the official client, with what it brought along; no daemon is there. */
async function servesTools(t: TestContext, prefix: string): Promise<void> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(prefix, "lib/node_modules/claudemesh/bin/claudemesh.mjs"), "mcp"],
    env: { PATH: process.env["PATH"] ?? "", HOME: tempFolder(t) },
    cwd: tempFolder(t),
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "0" });
  await client.connect(transport);
  onEnd(t, () => client.close());
  assert.equal(client.getServerVersion()?.version, version);
  assert.ok((await client.listTools()).tools.some(({ name }) => name === "send"));
  const { isError, content } = await client.callTool({ name: "peers", arguments: {} });
  assert.equal(isError, true);
  assert.match(JSON.stringify(content), /not_running/);
}

test("installed into a project without the optional packages, it says what is missing and starts nothing", async (t) => {
  const prefix = await install(t, ["--omit=optional"]);
  assert.equal(existsSync(join(prefix, "node_modules", nodePackage)), false);
  const bin = `${sandboxPaths.installed}/node_modules/.bin`;
  const { code, stdout, stderr } = await sandbox(prefix, [bin], "claudemesh up; echo started");
  if (await hostIsNew()) return assert.match(stdout, /^daemon started/m);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^error: claudemesh needs Node 24\.15 or newer; this is \d+\.\d+\.\d+, and its optional package .* is not installed\nhint: .*\n$/,
  );
});
