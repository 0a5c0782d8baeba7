import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { claudeCode, type HookEvent } from "../../../src/protocol/claude-code/assumptions.ts";
import { hasInboxSocket } from "../../../src/protocol/claude-code/session-file.ts";
import { doubleHooks, type HookRun } from "./double-hooks.ts";
import { doubleMcp } from "./double-mcp.ts";
import type { ContextEntry, DoubleCommand, DoubleOptions, DoubleTold } from "./double-options.ts";
import { inboxSocket, type PeerLine, tellStatus } from "./double-socket.ts";

/**
 * A process that behaves as a Claude Code session towards what is outside of it: the hooks and MCP servers of its settings, its inbox
 * socket and its file in the registry. In the place of a model it keeps its context, which is what tests look at.
 */
const options = JSON.parse(process.argv[2] ?? "{}") as DoubleOptions;
const { configDir, project, version } = options;
const withSocket = hasInboxSocket(version) === true;
const socketPath = join(options.socketDir, `${process.pid}.sock`);
const registryFile = join(configDir, claudeCode.sessionsFolder, `${process.pid}.json`);
const token = randomUUID();

let { sessionId, inbound } = options;
let status: "busy" | "idle" = "idle";
let stopBlocks = 0;
const queued: PeerLine[] = [];
const held: PeerLine[] = [];

const tell = (told: DoubleTold): void => void process.stdout.write(`${JSON.stringify(told)}\n`);
const transcriptOf = (id: string): string => join(configDir, "projects", `${id}.jsonl`);

function put(via: ContextEntry["via"], text: string): void {
  const entry = { via, text, at: Date.now() };
  appendFileSync(transcriptOf(sessionId), `${JSON.stringify(entry)}\n`);
  tell({ told: "entry", entry });
}

function become(now: "busy" | "idle"): void {
  status = now;
  register();
  tell({ told: "status", status });
}

function register(): void {
  const { sessionFields: names } = claudeCode;
  writeFileSync(
    registryFile,
    JSON.stringify({
      [names.process]: process.pid,
      [names.processStart]: readFileSync("/proc/self/stat", "latin1").split(" ")[21],
      [names.session]: sessionId,
      [names.folder]: project,
      [names.version]: version,
      [names.status]: status,
      [names.name]: "double",
      ...(withSocket ? { [names.socket]: socketPath } : {}),
    }),
  );
}

const hooks = doubleHooks(configDir, project, (text) => {
  put("rewake", text);
  if (status === "idle") queue(() => turn("rewake"));
});

async function hook(event: HookEvent, more: Readonly<Record<string, unknown>> = {}): Promise<readonly HookRun[]> {
  const runs = await hooks.run(
    event,
    { session_id: sessionId, transcript_path: transcriptOf(sessionId), cwd: project, ...more },
    {
      ...process.env,
      [claudeCode.configVariable]: configDir,
      [claudeCode.processVariable]: String(process.pid),
      [claudeCode.sessionVariable]: sessionId,
      ...(withSocket ? { [claudeCode.socketVariable]: socketPath, [claudeCode.tokenVariable]: token } : {}),
    },
  );
  for (const { stdout } of runs) {
    const said = answerOf(stdout)?.hookSpecificOutput;
    if (said?.hookEventName !== event || said.additionalContext === undefined) continue;
    // What is longer becomes a file, of which the context holds the name alone.
    put(
      `hook:${event}`,
      said.additionalContext.length > claudeCode.contextCharsMax ? "<file>" : said.additionalContext,
    );
  }
  return runs;
}

interface HookAnswer {
  readonly decision?: string;
  readonly reason?: string;
  readonly hookSpecificOutput?: { readonly hookEventName: string; readonly additionalContext?: string };
}

function answerOf(stdout: string): HookAnswer | null {
  try {
    return JSON.parse(stdout) as HookAnswer;
  } catch {
    return null;
  }
}

/** The model has something to do: until the test, or the double itself, ends the turn. */
async function turn(prompt: string): Promise<void> {
  become("busy");
  await hook("UserPromptSubmit", { prompt });
  if (options.autoTurns) await endTurn();
}

async function endTurn(): Promise<void> {
  for (;;) {
    const runs = await hook("Stop", { stop_hook_active: stopBlocks > 0 });
    const reason = runs.map(({ stdout }) => answerOf(stdout)).find((answer) => answer?.decision === "block")?.reason;
    if (reason === undefined || stopBlocks >= claudeCode.stopBlocksMax) break;
    stopBlocks += 1;
    put("stop-hook", reason);
    if (!options.autoTurns) return;
  }
  stopBlocks = 0;
  become("idle");
  const next = queued.shift();
  if (next !== undefined) queue(() => peerTurn(next));
}

async function peerTurn(line: PeerLine): Promise<void> {
  put("socket", line.content);
  await turn(line.content);
}

function take(line: PeerLine): void {
  if (inbound === "refuse") return tellStatus(line, "refused", socketPath);
  if (inbound === "accept") return letIn(line);
  held.push(line);
  tellStatus(line, "held", socketPath);
  tell({ told: "held" });
}

function letIn(line: PeerLine): void {
  queued.push(line);
  if (status === "idle")
    queue(async () => {
      const next = status === "idle" ? queued.shift() : undefined;
      if (next !== undefined) await peerTurn(next);
    });
}

/** One thing after the other, as a session does them. */
let last: Promise<unknown> = Promise.resolve();
function queue(work: () => Promise<void>): Promise<void> {
  const result = last.then(work);
  last = result.catch((failure: unknown) => tell({ told: "failed", why: String(failure) }));
  return result;
}

async function perform(command: DoubleCommand): Promise<void> {
  switch (command.do) {
    case "prompt":
      put("user", command.text);
      return turn(command.text);
    case "tool":
      await hook("PostToolUse", { tool_name: "Bash", tool_input: { command: "ls" }, tool_response: { stdout: "x" } });
      // What waits comes between two steps of a turn.
      for (let next = queued.shift(); next !== undefined; next = queued.shift()) put("socket", next.content);
      return;
    case "end-turn":
      return endTurn();
    case "clear":
      await hook("SessionEnd", { reason: claudeCode.endReasonOfClear });
      sessionId = randomUUID();
      register();
      await hook("SessionStart", { source: "clear" });
      return;
    case "exit":
      await hook("SessionEnd", { reason: "prompt_input_exit" });
      hooks.end();
      mcp?.end();
      rmSync(registryFile, { force: true });
      rmSync(socketPath, { force: true });
      tell({ told: "done", sessionId });
      process.exit(0);
      return;
    case "inbound":
      inbound = command.word;
      return;
    case "decide":
      for (const line of held.splice(0)) {
        tellStatus(line, command.status, socketPath);
        if (command.status === "delivered") letIn(line);
      }
  }
}

mkdirSync(join(configDir, claudeCode.sessionsFolder), { recursive: true });
mkdirSync(join(configDir, "projects"), { recursive: true });
const former = options.forkOf ?? (options.source === "resume" ? sessionId : null);
const context = former === null ? "" : readFileSync(transcriptOf(former), "utf8");
if (former !== sessionId) writeFileSync(transcriptOf(sessionId), context);
if (withSocket)
  await inboxSocket({
    path: socketPath,
    token,
    room: () => queued.length < claudeCode.socketQueuedMax,
    take,
    dropped: (why) => tell({ told: "dropped", why }),
  });
register();
const mcp = options.mcp
  ? await doubleMcp(configDir, project, (text) => status === "busy" && put("channel", text))
  : null;
await hook("SessionStart", { source: options.source });
tell({ told: "done", sessionId });
createInterface({ input: process.stdin })
  .on("line", (line) => {
    queue(() => perform(JSON.parse(line) as DoubleCommand)).then(
      () => tell({ told: "done", sessionId }),
      () => {},
    );
  })
  // Whoever started it is gone.
  .on("close", () => process.exit(0));
