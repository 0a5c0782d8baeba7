import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AgentInstallAnswer, type AgentInstallRequest, agentKinds } from "../../cli/agent-installer.ts";
import { agentWriters } from "./agent-writers.ts";
import { type InstallHost, installAgent, uninstallAgent } from "./install-agent.ts";

type Kind = (typeof agentKinds)[number];

/** A machine with a coding agent, and this program for it at a place with a space. */
function machine(t: TestContext, kind: Kind, env: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "cm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const host: InstallHost = {
    homeFolder: folder,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, join(folder, value)])),
    node: "/opt/node 24/bin/node",
    program: "/opt/claudemesh/dist/bin/claudemesh.js",
  };
  const request: AgentInstallRequest = {
    home: join(folder, ".claudemesh"),
    mesh: null,
    kind,
    scope: "user",
    project: join(folder, "project"),
    dryRun: false,
    channel: false,
    rewake: false,
  };
  return {
    path: (name: string) => join(folder, name),
    read: (name: string) => readFileSync(join(folder, name), "utf8"),
    put(name: string, text: string) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    },
    install: (more: Partial<AgentInstallRequest> = {}) => installAgent({ ...request, ...more }, host),
    uninstall: (more: Partial<AgentInstallRequest> = {}) => uninstallAgent({ ...request, ...more }, host),
  };
}

const changes = ({ files }: AgentInstallAnswer): readonly string[] => files.map(({ change }) => change);
const command = (kind: string) => `'/opt/node 24/bin/node' /opt/claudemesh/dist/bin/claudemesh.js agent hook ${kind}`;
const words = ["/opt/claudemesh/dist/bin/claudemesh.js", "mcp"];

test("every kind that the commands name has a writer, and none has one without a name", () => {
  assert.deepEqual(
    agentWriters.map(({ kind }) => kind),
    [...agentKinds],
  );
});

test("Codex: hooks.json gets its hooks and config.toml its server; both go again to the byte", (t) => {
  const of = machine(t, "codex");
  const config = 'model = "gpt"  # mine\n\n[mcp_servers.other]\ncommand = "x"\n';
  of.put(".codex/config.toml", config);
  assert.deepEqual(changes(of.install()), ["created", "changed"]);
  const group = [{ hooks: [{ type: "command", command: command("codex"), timeout: 5 }] }];
  assert.deepEqual(JSON.parse(of.read(".codex/hooks.json")), {
    hooks: { SessionStart: group, UserPromptSubmit: group, PostToolUse: group, Stop: group },
  });
  assert.equal(
    of.read(".codex/config.toml"),
    `${config}\n[mcp_servers.claudemesh]\ncommand = "/opt/node 24/bin/node"\nargs = [ "${words[0]}", "mcp" ]\n`,
  );
  assert.deepEqual(changes(of.install()), ["unchanged", "unchanged"]);
  assert.deepEqual(changes(of.uninstall()), ["removed", "changed"]);
  assert.equal(of.read(".codex/config.toml"), config);
  assert.deepEqual(changes(of.uninstall()), ["unchanged", "unchanged"]);
});

test("Codex: what its user changed since stays when ours goes; another server of our name is refused", (t) => {
  const of = machine(t, "codex", { CODEX_HOME: "elsewhere" });
  of.install({ home: of.path("other-home") });
  assert.match(of.read("elsewhere/config.toml"), /^env = \{ CLAUDEMESH_HOME = ".*\/other-home" \}$/m);
  of.put("elsewhere/config.toml", `${of.read("elsewhere/config.toml")}\n[tui]\nnotifications = true\n`);
  assert.deepEqual(changes(of.uninstall({ home: of.path("other-home") })), ["removed", "changed"]);
  assert.equal(of.read("elsewhere/config.toml").trim(), "[tui]\nnotifications = true");
  const theirs = '[mcp_servers.claudemesh]\ncommand = "/usr/bin/their-own"\n';
  of.put("elsewhere/config.toml", theirs);
  assert.throws(() => of.install(), { code: "already_exists" });
  assert.deepEqual(changes(of.uninstall()), ["unchanged", "unchanged"]);
  assert.equal(of.read("elsewhere/config.toml"), theirs);
  assert.equal(existsSync(of.path("elsewhere/hooks.json")), false);
});

test("Gemini CLI: one file gets both, comments and all that is the user's stay, and it comes back to the byte", (t) => {
  const of = machine(t, "gemini-cli");
  const settings =
    '{\n  // mine\n  "ui": { "theme": "x" },\n  "hooks": { "AfterTool": [ { "matcher": "write_.*", "hooks": [ { "type": "command", "command": "lint" } ] } ] },\n}\n';
  of.put(".gemini/settings.json", settings);
  assert.deepEqual(changes(of.install()), ["changed"]);
  const written = of.read(".gemini/settings.json");
  assert.match(written, /\/\/ mine/);
  const group = {
    hooks: [{ name: "claudemesh", type: "command", command: command("gemini-cli"), timeout: 5_000 }],
  };
  const value = JSON.parse(written.replace("// mine", "").replace(/,(\s*\}\s*)$/, "$1")) as {
    readonly hooks: Readonly<Record<string, readonly unknown[]>>;
    readonly mcpServers: unknown;
  };
  assert.deepEqual(Object.keys(value.hooks).sort(), [
    "AfterAgent",
    "AfterTool",
    "BeforeAgent",
    "SessionEnd",
    "SessionStart",
  ]);
  assert.deepEqual(value.hooks["AfterTool"]?.[1], group);
  assert.deepEqual(value.hooks["AfterAgent"], [group]);
  assert.deepEqual(value.mcpServers, { claudemesh: { command: "/opt/node 24/bin/node", args: words } });
  assert.deepEqual(changes(of.install()), ["unchanged"]);
  assert.deepEqual(changes(of.uninstall()), ["changed"]);
  assert.equal(of.read(".gemini/settings.json"), settings);
});

test("OpenCode: the form of its first version, which both read, unless the file has that of the second", (t) => {
  const of = machine(t, "opencode");
  assert.deepEqual(changes(of.install()), ["created"]);
  const list = ["/opt/node 24/bin/node", ...words];
  assert.deepEqual(JSON.parse(of.read(".config/opencode/opencode.json")), {
    $schema: "https://opencode.ai/config.json",
    mcp: { claudemesh: { type: "local", command: list, enabled: true } },
  });
  assert.deepEqual(changes(of.install()), ["unchanged"]);
  assert.deepEqual(changes(of.uninstall()), ["removed"]);
  const second =
    '{\n  "mcp": {\n    "servers": {\n      "x": { "type": "local", "command": ["x"], },\n    },\n  },\n}\n';
  of.put("project/opencode.jsonc", second);
  assert.deepEqual(changes(of.install({ scope: "project" })), ["changed"]);
  assert.match(of.read("project/opencode.jsonc"), /"servers": \{[\s\S]*"claudemesh": \{/);
  assert.doesNotMatch(of.read("project/opencode.jsonc"), /"enabled"/);
  assert.equal(existsSync(of.path("project/opencode.json")), false);
  assert.deepEqual(changes(of.uninstall({ scope: "project" })), ["changed"]);
  assert.equal(of.read("project/opencode.jsonc"), second);
});

test("OpenCode: a server of the user's that is called `servers` is one server, not the form of version 2", (t) => {
  const of = machine(t, "opencode", { XDG_CONFIG_HOME: "xdg" });
  const first = '{ "mcp": { "servers": { "type": "local", "command": ["x"], "enabled": true } } }';
  of.put("xdg/opencode/opencode.json", first);
  of.install();
  const { mcp } = JSON.parse(of.read("xdg/opencode/opencode.json")) as { readonly mcp: object };
  assert.deepEqual(Object.keys(mcp), ["servers", "claudemesh"]);
  of.uninstall();
  assert.equal(of.read("xdg/opencode/opencode.json"), first);
});

test("a file that cannot be read is named with its line, and nothing is written anywhere", (t) => {
  const of = machine(t, "codex");
  of.put(".codex/config.toml", "model = \n");
  assert.throws(() => of.install(), { code: "invalid_config", message: /config\.toml cannot be read, line 1/ });
  assert.equal(existsSync(of.path(".codex/hooks.json")), false);
});
