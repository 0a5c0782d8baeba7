import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { onEnd } from "../../../test/support/on-end.ts";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { installAgent } from "../agent-install/install-agent.ts";
import type { Outcome } from "./check.ts";
import { check } from "./coding-agents.ts";
import { createHost } from "./host.ts";

interface Installed {
  readonly folder: string;
  readonly settings: string;
  outcomes(): Promise<readonly Outcome[]>;
  /** A session of this process, as Claude Code tells of it. */
  session(more: Readonly<Record<string, unknown>>): void;
}

function installed(t: TestContext): Installed {
  const folder = tempFolder(t);
  const home = join(folder, ".claudemesh");
  installAgent(
    {
      home,
      mesh: null,
      kind: "claude-code",
      scope: "user",
      project: folder,
      dryRun: false,
      channel: false,
      rewake: false,
    },
    { homeFolder: folder, env: {}, node: process.execPath, program: import.meta.filename },
  );
  const sessions = join(folder, ".claude", "sessions");
  mkdirSync(sessions, { recursive: true });
  return {
    folder,
    settings: join(folder, ".claude", "settings.json"),
    outcomes: async () => check.run(createHost(home, 0), null),
    session(more) {
      writeFileSync(
        join(sessions, `${process.pid}.json`),
        JSON.stringify({ pid: process.pid, sessionId: "s", ...more }),
      );
    },
  };
}

describe("what the doctor says of coding agents", () => {
  it("nothing where none was given claudemesh, and that all is well where their settings start it", async (t) => {
    assert.deepEqual(await check.run(createHost(tempFolder(t), 0), null), []);
    const of = installed(t);
    assert.deepEqual(await of.outcomes(), [
      { state: "ok", message: "claude-code: the settings start this program", hint: null },
    ]);
  });

  it("that a session of an older version is not woken, and what wakes it; garbage in its file says nothing", async (t) => {
    const of = installed(t);
    of.session({ version: "2.1.223" });
    const [found, more] = await of.outcomes();
    assert.match(
      found?.message ?? "",
      /has no inbox socket: it is version 2\.1\.223, and sessions have one from 2\.1\.224 on;/,
    );
    assert.match(found?.hint ?? "", /^claude update; or claudemesh agent install claude-code --rewake/);
    assert.equal(more, undefined);
    of.session({});
    assert.match((await of.outcomes())[0]?.message ?? "", /has no inbox socket; messages come with its next prompt/);
    for (const garbage of ["", "{", "[]", "null", '{"pid":1,"sessionId":"s"}']) {
      writeFileSync(join(of.folder, ".claude", "sessions", `${process.pid}.json`), garbage);
      assert.equal((await of.outcomes())[0]?.state, "ok", garbage);
    }
    mkdirSync(join(of.folder, ".claude", "sessions", "1.json"));
    execFileSync("mkfifo", [join(of.folder, ".claude", "sessions", "2.json")]);
    assert.equal((await of.outcomes())[0]?.state, "ok");
  });

  it("that a session's socket is gone, or that its user refuses or holds what comes by it", async (t) => {
    const of = installed(t);
    const path = join(of.folder, "s.sock");
    of.session({ version: "2.1.280", messagingSocketPath: path });
    assert.match((await of.outcomes())[0]?.message ?? "", /has no inbox socket at .*s\.sock$/);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onEnd(t, () => server.close());
    assert.equal((await of.outcomes())[0]?.state, "ok");
    for (const [word, says] of [
      ["refuse", /refuses messages at its inbox socket/],
      ["hold", /holds messages back until its user lets them in/],
    ] as const) {
      const text = readFileSync(of.settings, "utf8").replace(
        /^\{(\s*"crossSessionInbound": "\w+",)?/,
        `{"crossSessionInbound": "${word}",`,
      );
      writeFileSync(of.settings, text.replace(/^(\{"crossSessionInbound": "\w+",)"crossSessionInbound": "\w+",/, "$1"));
      const [found] = await of.outcomes();
      assert.equal(found?.state, "warning");
      assert.match(found?.message ?? "", says);
    }
  });
});
