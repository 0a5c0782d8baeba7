import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { processPrint } from "../../base/process-print.ts";
import type { HookInput } from "../../protocol/agent-hook-dialect.ts";
import { callingProcess } from "./calling-process.ts";
import { sessionPlace } from "./session-place.ts";

const input = (more: Partial<HookInput> = {}): HookInput => ({
  moment: "start",
  event: "SessionStart",
  sessionId: "s1",
  cwd: "/p",
  source: "startup",
  prompt: null,
  keptGoing: false,
  ...more,
});

const environment = {
  CLAUDE_CODE_MESSAGING_SOCKET: "/run/1.sock",
  CLAUDE_CODE_MESSAGING_TOKEN: "t",
  CLAUDE_PID: String(process.pid),
  CLAUDE_CODE_SESSION_ID: "s1",
};
const nowhere = { process: null, socketPath: null, socketToken: null, agent: null };

describe("where a session is", () => {
  it("is told by its environment: its process with the time of its start, its socket and that one's token", () => {
    const own = processPrint(process.pid);
    assert.deepEqual(sessionPlace("claude-code", input(), { ...environment, CLAUDEMESH_AGENT: "api" }), {
      process: own,
      socketPath: "/run/1.sock",
      socketToken: "t",
      agent: "api",
    });
    assert.match(own ?? "", /^\d+:\d+\.[0-9a-f-]*$/);
  });

  it("is not taken from a session that another one was started in, and is after a clear", () => {
    const inner = { ...nowhere, process: callingProcess() };
    assert.deepEqual(sessionPlace("claude-code", input({ sessionId: "s2" }), environment), inner);
    const later = input({ sessionId: "s2", moment: "tool", source: null });
    assert.deepEqual(sessionPlace("claude-code", later, environment), nowhere);
    const cleared = sessionPlace("claude-code", input({ sessionId: "s2", source: "clear" }), environment);
    assert.equal(cleared.socketPath, "/run/1.sock");
  });

  it("of another kind is where its hook was called from, and nothing of Claude Code's environment is its", () => {
    assert.deepEqual(sessionPlace("another", input(), environment), { ...nowhere, process: callingProcess() });
    assert.deepEqual(sessionPlace("another", input({ moment: "tool", source: null }), environment), nowhere);
  });

  it("is read from its file where the environment says nothing; files that say nothing are passed over", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "cm-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const env = { CLAUDE_CONFIG_DIR: folder };
    assert.deepEqual(sessionPlace("claude-code", input(), env), { ...nowhere, process: callingProcess() });
    const sessions = join(folder, "sessions");
    mkdirSync(sessions);
    writeFileSync(join(sessions, "1.json"), "{");
    writeFileSync(join(sessions, "notes.txt"), "x");
    mkdirSync(join(sessions, "2.json"));
    symlinkSync("nowhere", join(sessions, "3.json"));
    // Whoever opens a pipe waits for somebody to write.
    execFileSync("mkfifo", [join(sessions, "4.json")]);
    symlinkSync("4.json", join(sessions, "5.json"));
    symlinkSync("/dev/zero", join(sessions, "6.json"));
    writeFileSync(join(sessions, "7.json"), JSON.stringify({ pid: 7, sessionId: "s1", name: "x".repeat(100_000) }));
    const found = { pid: process.pid, sessionId: "s1", messagingSocketPath: "/run/2.sock" };
    writeFileSync(join(sessions, `${process.pid}.json`), JSON.stringify(found));
    assert.deepEqual(sessionPlace("claude-code", input(), env), {
      ...nowhere,
      process: processPrint(process.pid),
      socketPath: "/run/2.sock",
    });
    assert.deepEqual(sessionPlace("claude-code", input({ moment: "tool", source: null }), env), nowhere);
  });
});
