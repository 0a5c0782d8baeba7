import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { installAgent } from "../../src/bin/agent-install/install-agent.ts";
import type { ReceiptStage } from "../../src/protocol/local-api.ts";
import {
  type ClaudeCodeSession,
  claudeCodeSession,
  configDirOf,
  type SessionPlace,
} from "../support/claude-code/session.ts";
import type { ContextEntry, DoubleOptions } from "../support/claude-code/double-options.ts";
import type { TestDaemon } from "../support/daemon.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const program = fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url));

interface Scene {
  readonly ann: TestDaemon;
  readonly bob: TestDaemon;
  readonly place: SessionPlace;
  session(more?: Partial<DoubleOptions>): Promise<ClaudeCodeSession>;
  /** From ann to bob's agent; answers the outbox's id. */
  send(text: string, to?: string): Promise<string>;
  reached(id: string, stage: ReceiptStage): Promise<void>;
}

/** Two members; at bob's, Claude Code has the hooks that `agent install` wrote. */
async function scene(t: TestContext, options: { readonly rewake?: boolean } = {}): Promise<Scene> {
  const { daemons } = await mesh(t, ["ann", "bob"]);
  const { ann, bob } = daemons;
  const folder = tempFolder(t);
  const home = join(folder, "home");
  mkdirSync(join(home, "daemon"), { recursive: true, mode: 0o700 });
  const { mesh: slug } = await bob.client.health();
  symlinkSync(bob.dir, join(home, "daemon", slug));
  // A machine that tests keep busy is slower than any that somebody works at.
  const env = { CLAUDEMESH_HOOK_TIMEOUT_MS: "20000" };
  const place = { folder, project: join(folder, "api"), env };
  installAgent(
    {
      home,
      mesh: null,
      kind: "claude-code",
      scope: "user",
      project: place.project,
      dryRun: false,
      channel: false,
      rewake: options.rewake ?? false,
    },
    { homeFolder: folder, env: { CLAUDE_CONFIG_DIR: configDirOf(folder) }, node: process.execPath, program },
  );
  return {
    ann,
    bob,
    place,
    async session(more) {
      const session = await claudeCodeSession(t, place, more);
      const { items } = await bob.client.agents.list();
      for (const { name } of items) await known(ann, name);
      return session;
    },
    async send(text, to = "@bob/api") {
      const { outbox_id: id } = await ann.client.send({ to, message: text }, { wait: "delivered" });
      return String(id);
    },
    async reached(id, stage) {
      await ann.client.waitFor(id, stage);
    },
  };
}

/** Resolves once the mesh has told the sender of bob's agent: before, its name is refused. */
async function known({ client }: TestDaemon, agent: string): Promise<void> {
  const heard = new AbortController();
  for await (const event of client.events({ after: 0, signal: heard.signal }))
    if (event.event === "agent_online" && event.data["agent"] === agent) heard.abort();
}

const brings =
  (text: string) =>
  (entry: ContextEntry): boolean =>
    entry.text.includes(text);

/** How often a text has come into a context, in all. */
const times = (session: ClaudeCodeSession, text: string): number => session.context().filter(brings(text)).length;

test("an idle session is woken by a message, once, and its sender sees it injected and read", async (t) => {
  const of = await scene(t);
  const session = await of.session();
  const id = await of.send("tests are red");
  const { via, text } = await session.until(brings("tests are red"));
  assert.equal(via, "socket");
  assert.match(text, /^<cross-session-message from="uds:[^"]*" from-name="mesh">\n<claudemesh-message-/);
  await of.reached(id, "read");
  assert.equal(times(session, "tests are red"), 1);
});
