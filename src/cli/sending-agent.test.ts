import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Client } from "../client/client.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { sendingAgent } from "./sending-agent.ts";

type Agents = Pick<Client, "agents">;

const agentsAre = (list: () => Promise<unknown>): Agents => ({ agents: { list } as unknown as Client["agents"] });
const two = agentsAre(() =>
  Promise.resolve({
    items: [
      { name: "api", sessions: [{ kind: "claude-code", session_id: "s1" }] },
      {
        name: "web",
        sessions: [
          { kind: "mcp", session_id: "s1" },
          { kind: "claude-code", session_id: "s2" },
        ],
      },
    ],
  }),
);
const nobodyAsks = agentsAre(() => assert.fail("the daemon was asked"));
const from = (env: Record<string, string>, client: Agents, option?: string): Promise<string | null> =>
  sendingAgent({ env, option: () => option, signal: new AbortController().signal }, client);

test("a message is from the agent that is asked for, and from none outside of a session", async () => {
  const session = { CLAUDE_CODE_SESSION_ID: "s1" };
  assert.equal(await from({ ...session, CLAUDEMESH_AGENT: "b" }, nobodyAsks, "a"), "a");
  assert.equal(await from({ ...session, CLAUDEMESH_AGENT: "b" }, nobodyAsks), "b");
  assert.equal(await from({}, nobodyAsks), null);
});

test("a message that a session sends is from that session's agent, also after it was cleared", async (t) => {
  assert.equal(await from({ CLAUDE_CODE_SESSION_ID: "s2" }, two), "web");
  assert.equal(await from({ CLAUDE_CODE_SESSION_ID: "unknown" }, two), null);
  const folder = mkdtempSync(join(tmpdir(), "cm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "sessions"));
  const file = { sessionId: "s1", messagingSocketPath: "/run/9.sock" };
  writeFileSync(join(folder, "sessions", "9.json"), JSON.stringify(file));
  const env = { CLAUDE_CONFIG_DIR: folder, CLAUDE_CODE_MESSAGING_SOCKET: "/run/9.sock" };
  assert.equal(await from(env, two), "api");
  assert.equal(await from({ ...env, CLAUDE_CODE_SESSION_ID: "before" }, two), "api");
});

test("a daemon of an earlier version takes no agent as a sender; one that is away is told of", async () => {
  const session = { CLAUDE_CODE_SESSION_ID: "s1" };
  const fails = (code: "not_found" | "daemon_busy") => agentsAre(() => Promise.reject(new ClaudemeshError(code, "x")));
  assert.equal(await from(session, fails("not_found")), null);
  await assert.rejects(from(session, fails("daemon_busy")), { code: "daemon_busy" });
});
