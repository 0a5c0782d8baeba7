import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../src/client/connect.ts";
import { findDaemonDir } from "../src/client/find-daemon.ts";
import { claudeCode } from "../src/protocol/claude-code/assumptions.ts";
import { type ClaudeCodeSession, claudeCodeSession, configDirOf } from "../test/support/claude-code/session.ts";
import { inheritedEnvironment } from "../test/support/inherited-environment.ts";
import { knowsAgent } from "../test/support/knows-agent.ts";
import { type Lifetime, onEnd } from "../test/support/on-end.ts";
import { tempFolder } from "../test/support/temp-folder.ts";
import { createRecording, type PaneSize, type Recorded } from "./recording.ts";
import { type SessionPane, sessionPane } from "./session-pane.ts";

/** As wide as half a page, so that two stand side by side; the third below, as wide as both. */
export const panes: readonly [PaneSize, PaneSize, PaneSize] = [
  { title: "laptop: session in ~/api, agent @you/api", columns: 58, rows: 13 },
  { title: "laptop: session in ~/web, agent @you/web", columns: 58, rows: 13 },
  { title: "another host: session in ~/deploy, agent @ops/deploy", columns: 119, rows: 15 },
];

export const title = "Three sessions on two hosts: a question, an answer, and a cleared session that gets its message";

export const description =
  "Two sessions on a laptop and one on another host. The one on the other host asks @you/api for a port and sees its question read; " +
  "the answer reaches it. The session in ~/web is cleared, and then gets its message at the same address. The sessions are doubles " +
  "of Claude Code's inbox socket and hooks; ids and times are left out.";

const program = fileURLToPath(new URL("../src/bin/claudemesh.ts", import.meta.url));

/** Plays the scene with a broker, daemons, hooks and commands as they are, and records it. */
export async function play(t: Lifetime): Promise<Recorded> {
  const folder = tempFolder(t);
  const laptop = await host(t, join(folder, "laptop"), "you", []);
  const server = await host(t, join(folder, "server"), "ops", ["--broker", join(folder, "laptop", "mesh", "broker")]);
  const recording = createRecording(panes);
  const shownBy = (index: number): SessionPane => {
    const pane = recording.panes[index];
    if (pane === undefined) throw new Error("there is no such pane");
    return sessionPane(pane, panes[index]?.columns ?? 0);
  };
  const api = await laptop.session("api", shownBy(0));
  const web = await laptop.session("web", shownBy(1));
  const deploy = await server.session("deploy", shownBy(2));
  await server.knows("@you/api");
  await server.knows("@you/web");
  await laptop.knows("@ops/deploy");

  recording.pause(1_500);
  const question = "Which port does the API listen on now? My proxy gets 502.";
  await deploy.types("The proxy answers 502. Find out why.");
  recording.pause(700);
  await deploy.runs("send", "@you/api", question, "--id", "port");
  recording.pause(900);
  await api.gets(question);
  recording.pause(1_200);
  const answer = "8081, since this morning.";
  await api.runs("reply", "1", answer);
  recording.pause(900);
  await deploy.gets(answer);
  recording.pause(1_200);
  // The same id is the same message: it is not sent again, and its stages are told.
  await deploy.runs("send", "@you/api", question, "--id", "port", "--wait", "read");
  recording.pause(1_500);

  await web.types("/clear");
  recording.pause(1_500);
  const change = "The API is at 8081 now: change the dev proxy.";
  await deploy.runs("send", "@you/web", change, "--id", "proxy", "--wait", "injected");
  await web.gets(change);
  recording.pause(500);
  return recording.end();
}

interface Host {
  session(name: string, pane: SessionPane): Promise<Session>;
  /** Resolves once messages to the agent are taken here. */
  knows(address: string): Promise<void>;
}

interface Session {
  /** Its user. */
  types(text: string): Promise<void>;
  /** Its model. */
  runs(...words: readonly string[]): Promise<void>;
  /** Resolves once the text is in its context, and shows how. */
  gets(text: string): Promise<void>;
}

/** A home with a daemon, its sessions' settings written by the command for it. */
async function host(t: Lifetime, folder: string, name: string, up: readonly string[]): Promise<Host> {
  mkdirSync(folder, { recursive: true });
  const env = {
    HOME: folder,
    CLAUDEMESH_HOME: join(folder, "mesh"),
    CLAUDE_CONFIG_DIR: configDirOf(folder),
    // A slow machine changes nothing of the scene.
    CLAUDEMESH_HOOK_TIMEOUT_MS: "60000",
  };
  const run = (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> =>
    claudemesh(words, { ...env, ...more }, folder);
  onEnd(t, () => run(["down"]));
  await run(["up", "--persistent", "--name", name, ...up]);
  await run(["agent", "install", "claude-code"]);
  const client = connect({ dir: findDaemonDir(env.CLAUDEMESH_HOME, null) });
  onEnd(t, () => client.close());
  return {
    async session(project, pane) {
      const session = await claudeCodeSession(t, { folder, project: join(folder, project), env });
      await pane.note(`Claude Code · ~/${project}`);
      // As what a session's model runs finds its environment.
      return onStage(session, pane, (words) => run(words, { [claudeCode.sessionVariable]: session.sessionId() }));
    },
    async knows(address) {
      const [member = "", agent = ""] = address.slice(1).split("/");
      await knowsAgent(client, member, agent);
    },
  };
}

function onStage(
  session: ClaudeCodeSession,
  pane: SessionPane,
  run: (words: readonly string[]) => Promise<string>,
): Session {
  return {
    async types(text) {
      await pane.user(text);
      if (text !== "/clear") return session.do({ do: "prompt", text });
      await session.do({ do: "clear" });
      await pane.note("(a new session: nothing of before is in its context)");
    },
    async runs(...words) {
      const typed = words.map((word) => (/^[@\w./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
      await pane.command(`claudemesh ${typed}`, await run(words));
    },
    async gets(text) {
      const { text: framed } = await session.until((entry) => entry.text.includes(text) && entry.via !== "user");
      await pane.came(framed);
    },
  };
}

/** Standard output and standard error as a terminal shows them. */
function claudemesh(words: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Promise<string> {
  const { CLAUDEMESH_MESH: _mesh, NODE_TEST_CONTEXT: _context, ...inherited } = inheritedEnvironment();
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`claudemesh ${words.join(" ")} ended with ${code}: ${output}`)),
    );
  });
}
