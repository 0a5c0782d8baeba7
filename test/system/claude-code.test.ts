import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { installAgent } from "../../src/bin/agent-install/install-agent.ts";
import type { OfferView } from "../../src/protocol/offers-api.ts";
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
async function scene(
  t: TestContext,
  options: { readonly rewake?: boolean; readonly channel?: boolean } = {},
): Promise<Scene> {
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
      channel: options.channel ?? false,
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

/** Asks until it is so. */
async function eventually(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setImmediate(resolve));
}

async function offersOf({ client }: TestDaemon): Promise<readonly OfferView[]> {
  return (await client.agents.offers("api")).items;
}

async function offerStates(of: TestDaemon): Promise<readonly string[]> {
  return (await offersOf(of)).map(({ state }) => state);
}

test("a busy session gets what comes meanwhile once and in order, and goes on", async (t) => {
  const of = await scene(t);
  const session = await of.session({ autoTurns: false });
  await session.do({ do: "prompt", text: "work" });
  const ids = [await of.send("first"), await of.send("second")];
  for (const id of ids) await of.reached(id, "injected");
  await session.do({ do: "tool" });
  await of.send("third");
  await session.do({ do: "end-turn" });
  await session.until(brings("third"));
  await session.do({ do: "end-turn" });
  assert.deepEqual(
    session.context().flatMap(({ text }) => /\b(first|second|third)\b/.exec(text)?.[0] ?? []),
    ["first", "second", "third"],
  );
});

test("a session without an inbox socket gets its mail by its hooks: at its start, with a prompt, after a tool, at its end", async (t) => {
  const of = await scene(t);
  const old = { version: "2.1.223", autoTurns: false };
  const before = await of.session(old);
  await before.do({ do: "exit" });
  const waited = await of.send("waited for the start");
  const session = await before.resume();
  const at = (text: string): string | undefined => session.context().find(brings(text))?.via;
  assert.equal(at("waited for the start"), "hook:SessionStart");
  await of.reached(waited, "injected");
  const low = await of.ann.client.send({ to: "@bob/api", message: "no hurry", priority: "low" }, { wait: "delivered" });
  await of.send("with the prompt");
  await session.do({ do: "prompt", text: "go on" });
  assert.deepEqual([at("with the prompt"), at("no hurry")], ["hook:UserPromptSubmit", "hook:UserPromptSubmit"]);
  await of.reached(String(low.outbox_id), "injected");
  await of.send("after a tool");
  await session.do({ do: "tool" });
  assert.equal(at("after a tool"), "hook:PostToolUse");
  await of.reached(waited, "read");
  await of.ann.client.send({ to: "@bob/api", message: "wakes nobody", priority: "low" }, { wait: "delivered" });
  const last = await of.send("at the end");
  await session.do({ do: "end-turn" });
  assert.deepEqual([at("at the end"), at("wakes nobody")], ["stop-hook", undefined]);
  await of.reached(last, "injected");
  // Once more would keep it going for ever: what comes now waits for the next prompt.
  await of.send("too late");
  await session.do({ do: "end-turn" });
  assert.equal(at("too late"), undefined);
  await of.reached(last, "read");
  for (const { text } of session.context()) assert.ok(text.length <= 10_000);
  assert.equal(times(session, "waited for the start"), 1);
});

test("an agent stays who it is when its session is cleared or resumed; a fork is another one", async (t) => {
  const of = await scene(t);
  const session = await of.session();
  const first = session.sessionId();
  await session.do({ do: "clear" });
  assert.notEqual(session.sessionId(), first);
  await of.send("after the clear");
  await session.until(brings("after the clear"));
  const fork = await session.fork();
  const agents = async (): Promise<Readonly<Record<string, readonly string[]>>> =>
    Object.fromEntries(
      (await of.bob.client.agents.list()).items.map(({ name, sessions }) => [
        name,
        sessions.map((one) => one.session_id),
      ]),
    );
  assert.deepEqual(await agents(), { api: [session.sessionId()], "api-2": [fork.sessionId()] });
  await known(of.ann, "api-2");
  await of.send("to the original");
  await of.send("to the fork", "@bob/api-2");
  await session.until(brings("to the original"));
  await fork.until(brings("to the fork"));
  await session.do({ do: "exit" }).catch(() => {});
  await of.send("while away");
  const resumed = await session.resume();
  assert.deepEqual((await agents())["api"], [resumed.sessionId()]);
  assert.equal(resumed.context().find(brings("while away"))?.via, "hook:SessionStart");
  for (const one of [session, fork, resumed])
    for (const text of ["after the clear", "to the original", "to the fork", "while away"])
      assert.ok(times(one, text) <= 1);
  assert.deepEqual([times(fork, "to the original"), times(session, "to the fork")], [0, 0]);
});

test("what the session's user holds is told as held, and what he decides follows: let in, denied, expired, refused", async (t) => {
  const of = await scene(t);
  const session = await of.session({ inbound: "hold" });
  const id = await of.send("let me in");
  await session.told("held");
  await eventually(async () => (await offerStates(of.bob))[0] === "held");
  assert.equal(
    (await of.ann.client.message(id)).stages.some(({ stage }) => stage === "injected"),
    false,
  );
  await session.do({ do: "decide", status: "delivered" });
  await of.reached(id, "injected");
  assert.equal(times(session, "let me in"), 1);
  await of.send("deny me");
  await eventually(async () => (await offerStates(of.bob))[0] === "held");
  await session.do({ do: "decide", status: "denied" });
  await eventually(async () => (await offerStates(of.bob))[0] === "denied");
  await of.send("forget me");
  await eventually(async () => (await offerStates(of.bob))[0] === "held");
  await session.do({ do: "inbound", word: "accept" });
  await session.do({ do: "decide", status: "expired" });
  const again = await session.until(brings("forget me"));
  assert.match(again.text, /repeat="2"/);
  await session.do({ do: "inbound", word: "refuse" });
  await of.send("refused");
  await eventually(async () => (await offerStates(of.bob))[0] === "denied");
  assert.deepEqual([times(session, "deny me"), times(session, "refused"), times(session, "forget me")], [0, 0, 1]);
});

test("a session that is killed or stopped loses nothing: what it has not come to waits, for it or for the next one", async (t) => {
  const of = await scene(t);
  const session = await of.session();
  process.kill(session.pid, "SIGSTOP");
  const first = await of.send("while stopped");
  await eventually(async () => (await offersOf(of.bob))[0]?.reason === "its process is stopped");
  assert.equal(
    (await of.ann.client.message(first)).stages.some(({ stage }) => stage === "injected"),
    false,
  );
  await session.kill();
  await of.send("while dead");
  const next = await of.session();
  const { text } = await next.until(brings("while stopped"));
  assert.ok(text.indexOf("while stopped") < text.indexOf("while dead"));
  assert.doesNotMatch(text, /repeat=/);
  await of.reached(first, "injected");
  const { items } = await of.bob.client.agents.list();
  assert.deepEqual(
    items.map(({ name }) => name),
    ["api"],
  );
});

test("an idle session without an inbox socket is woken by the hook that waits behind it, where that was installed", async (t) => {
  const of = await scene(t, { rewake: true });
  const session = await of.session({ version: "2.1.223" });
  await session.do({ do: "prompt", text: "do something" });
  const id = await of.send("wake up");
  assert.equal((await session.until(brings("wake up"))).via, "rewake");
  await of.reached(id, "injected");
  assert.equal(times(session, "wake up"), 1);
  await session.do({ do: "exit" }).catch(() => {});
});

test("a hook disturbs no session: the daemon away, garbage, an open pipe, an answer that nobody reads; and nothing is lost by it", async (t) => {
  const of = await scene(t);
  const session = await of.session({ version: "2.1.223", autoTurns: false });
  await of.send("read by nobody");
  const input = JSON.stringify({
    session_id: session.sessionId(),
    cwd: of.place.project,
    hook_event_name: "PostToolUse",
  });
  const hook = (env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawn> =>
    spawn(process.execPath, [program, "agent", "hook", "claude-code"], {
      env: {
        ...process.env,
        CLAUDEMESH_HOME: join(of.place.folder, "home"),
        ...of.place.env,
        NODE_TEST_CONTEXT: "",
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
  const silent = async (child: ReturnType<typeof spawn>, stdin: string | null): Promise<void> => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => (said += String(text)));
    if (stdin !== null) child.stdin?.end(stdin);
    assert.deepEqual([await new Promise((resolve) => child.once("close", resolve)), said], [0, ""]);
  };
  const unread = hook();
  unread.stdout?.destroy();
  await silent(unread, input);
  await eventually(async () => (await offerStates(of.bob))[0] === "waiting");
  await silent(hook(), "{ no JSON");
  await silent(hook({ CLAUDEMESH_HOME: join(of.place.folder, "nothing") }), input);
  await silent(hook({ CLAUDEMESH_HOOK_TIMEOUT_MS: "200" }), null);
  await of.bob.daemon.stop();
  await silent(hook(), input);
  await of.bob.restart();
  await session.do({ do: "tool" });
  const { via } = session.context().find(brings("read by nobody")) ?? assert.fail("it is lost");
  assert.deepEqual([via, times(session, "read by nobody")], ["hook:PostToolUse", 1]);
});

test("the MCP server of the settings is the same agent as its session, and its channel brings a message to a busy one", async (t) => {
  const of = await scene(t, { channel: true });
  const session = await of.session({ version: "2.1.223", mcp: true, autoTurns: false });
  const { items } = await of.bob.client.agents.list();
  assert.deepEqual(
    items.map(({ name, sessions }) => [name, sessions.map(({ kind }) => kind).toSorted()]),
    [["api", ["claude-code", "mcp"]]],
  );
  await session.do({ do: "prompt", text: "work" });
  await of.send("by the channel");
  const { via, text } = await session.until(brings("by the channel"));
  assert.equal(via, "channel");
  assert.match(text, /^<channel source="claudemesh" /);
  assert.deepEqual(await offerStates(of.bob), ["offered"]);
});
