import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import type { AgentInstallAnswer, AgentInstallRequest } from "../../cli/agent-installer.ts";
import { installAgent, uninstallAgent, type InstallHost } from "./install-agent.ts";

interface Machine {
  readonly settings: string;
  readonly servers: string;
  readonly home: string;
  readonly folder: string;
  install(more?: Partial<AgentInstallRequest>, host?: Partial<InstallHost>): AgentInstallAnswer;
  uninstall(more?: Partial<AgentInstallRequest>): AgentInstallAnswer;
}

function machine(t: Pick<TestContext, "after">): Machine {
  const folder = mkdtempSync(join(tmpdir(), "cm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, ".claudemesh");
  const host: InstallHost = {
    homeFolder: folder,
    env: {},
    node: "/opt/node 24/bin/node",
    program: "/opt/claudemesh/dist/bin/claudemesh.js",
  };
  const request: AgentInstallRequest = {
    home,
    mesh: null,
    kind: "claude-code",
    scope: "user",
    project: join(folder, "project"),
    dryRun: false,
    channel: false,
    rewake: false,
  };
  return {
    folder,
    home,
    settings: join(folder, ".claude", "settings.json"),
    servers: join(folder, ".claude.json"),
    install: (more = {}, other = {}) => installAgent({ ...request, ...more }, { ...host, ...other }),
    uninstall: (more = {}) => uninstallAgent({ ...request, ...more }, host),
  };
}

function put(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

const json = (path: string): Record<string, never> => JSON.parse(readFileSync(path, "utf8")) as Record<string, never>;
const changes = ({ files }: AgentInstallAnswer): readonly string[] => files.map(({ change }) => change);

describe("installing for Claude Code", () => {
  it("writes its hooks and the MCP server with absolute paths, and a second time changes nothing", (t) => {
    const of = machine(t);
    assert.deepEqual(changes(of.install()), ["created", "created"]);
    const call = "'/opt/node 24/bin/node' /opt/claudemesh/dist/bin/claudemesh.js agent hook claude-code";
    const own = [{ hooks: [{ type: "command", command: call, timeout: 5 }] }];
    assert.deepEqual(json(of.settings), {
      hooks: {
        SessionStart: own,
        UserPromptSubmit: own,
        PostToolUse: [{ matcher: "*", ...own[0] }],
        Stop: own,
        SessionEnd: own,
      },
    });
    assert.deepEqual(json(of.servers), {
      mcpServers: {
        claudemesh: {
          type: "stdio",
          command: "/opt/node 24/bin/node",
          args: ["/opt/claudemesh/dist/bin/claudemesh.js", "mcp"],
          env: {},
        },
      },
    });
    assert.deepEqual([statSync(of.settings).mode & 0o777, statSync(of.servers).mode & 0o777], [0o644, 0o600]);
    const before = readFileSync(of.settings);
    assert.deepEqual(changes(of.install()), ["unchanged", "unchanged"]);
    assert.deepEqual(readFileSync(of.settings), before);
    assert.deepEqual(changes(of.uninstall()), ["removed", "removed"]);
    assert.deepEqual([existsSync(of.settings), existsSync(of.servers)], [false, false]);
    assert.deepEqual(changes(of.uninstall()), ["unchanged", "unchanged"]);
  });

  it("keeps what is the user's, its form and the file's mode, and gives the file back to the byte", (t) => {
    const of = machine(t);
    const settings =
      '{ "model":"opus",\n   "permissions": {"allow": ["Bash(ls:*)" ]},\n\n   "hooks": { "Stop": [ {"hooks":[{"type":"command","command":"say done"}]} ], "PostToolUse": [] } }';
    const servers = '{"numStartups":  12, "oauth": {"token":"s3cret"},\t"mcpServers": {"other": {"command": "x"}}}\r\n';
    put(of.settings, settings, 0o640);
    put(of.servers, servers, 0o600);
    assert.deepEqual(changes(of.install()), ["changed", "changed"]);
    const hooks = json(of.settings)["hooks"] as unknown as Record<string, readonly unknown[]>;
    assert.deepEqual([hooks["Stop"]?.length, hooks["PostToolUse"]?.length, hooks["SessionStart"]?.length], [2, 1, 1]);
    assert.ok(
      readFileSync(of.settings, "utf8").startsWith('{ "model":"opus",\n   "permissions": {"allow": ["Bash(ls:*)" ]},'),
    );
    assert.equal(statSync(of.settings).mode & 0o777, 0o640);
    of.install({ rewake: true, channel: true });
    of.install({}, { program: "/elsewhere/claudemesh.js" });
    assert.doesNotMatch(readFileSync(of.settings, "utf8"), /opt.claudemesh|rewake/);
    assert.deepEqual(changes(of.uninstall()), ["changed", "changed"]);
    assert.deepEqual([readFileSync(of.settings, "utf8"), readFileSync(of.servers, "utf8")], [settings, servers]);
    assert.equal(statSync(of.settings).mode & 0o777, 0o640);
    assert.doesNotMatch(readFileSync(join(of.home, "agent-installs.json"), "utf8"), /s3cret|opus/);
  });

  it("leaves the file to whose it is, and a new one to whose folder it is in", {
    skip: process.getuid?.() !== 0,
  }, (t) => {
    const of = machine(t);
    mkdirSync(dirname(of.settings));
    writeFileSync(of.settings, "{}");
    for (const path of [of.folder, of.settings]) chownSync(path, 65_534, 65_534);
    of.install();
    assert.deepEqual([statSync(of.settings).uid, statSync(of.servers).uid], [65_534, 65_534]);
  });

  it("takes out its own alone when somebody has changed the file since", (t) => {
    const of = machine(t);
    put(of.settings, '{\n  "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}\n}\n');
    of.install({ rewake: true });
    const changed = json(of.settings) as unknown as {
      model?: string;
      hooks: Record<string, { hooks: unknown[] }[]>;
    };
    changed.model = "sonnet";
    changed.hooks["Stop"]?.[1]?.hooks.unshift({ type: "command", command: "beside ours" });
    put(of.settings, JSON.stringify(changed));
    put(of.servers, JSON.stringify({ ...json(of.servers), more: 1 }));
    of.uninstall();
    assert.deepEqual(json(of.settings), {
      hooks: {
        Stop: [
          { hooks: [{ type: "command", command: "say done" }] },
          { hooks: [{ type: "command", command: "beside ours" }] },
        ],
      },
      model: "sonnet",
    });
    assert.deepEqual(json(of.servers), { more: 1 });
  });

  it("is undone to the byte whatever settings were there", (t) => {
    const hook = fc.record({ type: fc.constant("command"), command: fc.string() });
    const groups = fc.array(fc.record({ matcher: fc.string(), hooks: fc.array(hook, { maxLength: 2 }) }), {
      maxLength: 2,
    });
    const settings = fc.record(
      {
        hooks: fc.dictionary(fc.constantFrom("Stop", "SessionStart", "PreToolUse", "Other"), groups),
        theme: fc.jsonValue({ maxDepth: 3 }),
        'é"': fc.string(),
      },
      { requiredKeys: [] },
    );
    const of = machine(t);
    fc.assert(
      fc.property(settings, fc.constantFrom("", " ", "\t", "   "), fc.boolean(), (value, unit, twice) => {
        const text = JSON.stringify(value, null, unit);
        put(of.settings, text);
        of.install();
        // As it stands in the text: that has no -0.
        assert.deepEqual({ ...json(of.settings), hooks: 0 }, { ...(JSON.parse(text) as object), hooks: 0 });
        if (twice) of.install({ rewake: true });
        of.uninstall();
        assert.equal(readFileSync(of.settings, "utf8"), text);
      }),
      { numRuns: 20 },
    );
  });

  it("shows with --dry-run what it would write, and writes nothing", (t) => {
    const of = machine(t);
    put(of.settings, "{}");
    const answer = of.install({ dryRun: true });
    assert.deepEqual(changes(answer), ["changed", "created"]);
    assert.match(answer.files[0]?.lines.join("\n") ?? "", /\+ .*"SessionStart": \[/);
    assert.equal(readFileSync(of.settings, "utf8"), "{}");
    assert.deepEqual([existsSync(of.servers), existsSync(of.home)], [false, false]);
  });

  it("writes a project's files for its scope, and where CLAUDE_CONFIG_DIR leads for the user's", (t) => {
    const of = machine(t);
    const project = join(of.folder, "project");
    assert.deepEqual(
      of.install({ scope: "project" }).files.map(({ path }) => path),
      [join(project, ".claude", "settings.json"), join(project, ".mcp.json")],
    );
    assert.equal(statSync(join(project, ".mcp.json")).mode & 0o777, 0o644);
    const elsewhere = join(of.folder, "config");
    assert.deepEqual(
      of.install({}, { env: { CLAUDE_CONFIG_DIR: elsewhere } }).files.map(({ path }) => path),
      [join(elsewhere, "settings.json"), join(elsewhere, ".claude.json")],
    );
  });

  it("leads to the home that is meant when it is not the usual one", (t) => {
    const of = machine(t);
    const home = join(of.folder, "other home");
    of.install({ home });
    assert.match(readFileSync(of.settings, "utf8"), /"CLAUDEMESH_HOME='[^']*other home' '\/opt\/node 24/);
    assert.match(readFileSync(of.servers, "utf8"), /"CLAUDEMESH_HOME": ".*other home"/);
  });

  it("writes through a link, into the file that it leads to", (t) => {
    const of = machine(t);
    const kept = join(of.folder, "dotfiles", "settings.json");
    put(kept, "{}\n");
    mkdirSync(dirname(of.settings));
    symlinkSync(kept, of.settings);
    of.install();
    assert.ok(lstatSync(of.settings).isSymbolicLink());
    assert.match(readFileSync(kept, "utf8"), /SessionStart/);
    of.uninstall();
    assert.equal(readFileSync(kept, "utf8"), "{}\n");
    rmSync(kept);
    assert.throws(() => of.install(), { code: "invalid_config", message: /link to nothing/ });
  });

  it("refuses what it does not understand, and then writes none of the files", (t) => {
    const of = machine(t);
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      [of.settings, '{\n  "a": 1, // mine\n}', /settings\.json cannot be read, line 2/],
      [of.settings, "[]", /it is no object/],
      [of.settings, '{"hooks": []}', /`hooks` is no object/],
      [of.settings, '{"hooks": {"Stop": {}}}', /`hooks\.Stop` is no list/],
      [of.settings, "{\u0000}", /cannot be read/],
      [of.servers, '{"mcpServers": 3}', /no object/],
      [
        of.servers,
        '{"mcpServers": {"claudemesh": {"command": "npx", "args": ["another"]}}}',
        /another MCP server named claudemesh/,
      ],
    ];
    for (const [path, text, says] of wrong) {
      put(path, text);
      assert.throws(() => of.install(), { message: says });
      assert.equal(readFileSync(path, "utf8"), text);
      rmSync(path);
      assert.deepEqual(
        readdirSync(of.folder).filter((name) => name === ".claudemesh" || name === ".claude.json"),
        [],
      );
    }
    writeFileSync(of.settings, Buffer.from([0x7b, 0xff, 0x7d]));
    assert.throws(() => of.install(), { message: /is not UTF-8/ });
    rmSync(of.settings);
    mkdirSync(of.settings);
    assert.throws(() => of.install(), { message: /is not a file/ });
  });
});
