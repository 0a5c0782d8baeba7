/** Messages into sessions of coding agents: a hook as a whole process, and a local send until it stands in the context of a live session. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../src/client/connect.ts";
import { type ClaudeCodeSession, claudeCodeSession, configDirOf } from "../test/support/claude-code/session.ts";
import { isMain, percentile, printTable } from "./figures.ts";

export interface AgentFigures {
  /** A hook's call from its start to its end, with nothing and with a message to bring. */
  readonly hookEmptyMs: readonly number[];
  /** In turns with them. */
  readonly bareMs: readonly number[];
  readonly hookMessageMs: readonly number[];
  /** From the call of a send to the line in the context of an idle session on the same host. */
  readonly injectedMs: readonly number[];
}

const program = fileURLToPath(new URL("../dist/bin/claudemesh.js", import.meta.url));

/** Needs a build. */
export async function measureAgents(options: { readonly samples: number }): Promise<AgentFigures> {
  const folder = mkdtempSync(join(tmpdir(), "cm-bench-"));
  const home = join(folder, "home");
  const project = join(folder, "api");
  mkdirSync(project);
  const env = { ...process.env, CLAUDEMESH_HOME: home, CLAUDE_CONFIG_DIR: configDirOf(folder) };
  const claudemesh = (args: readonly string[], input = ""): number => {
    const start = performance.now();
    const ended = spawnSync(process.execPath, [program, ...args], { env, input, encoding: "utf8", cwd: project });
    if (ended.status !== 0) throw new Error(`claudemesh ${args.join(" ")} ended with ${ended.status}: ${ended.stderr}`);
    return performance.now() - start;
  };
  const ends: (() => Promise<void>)[] = [];
  try {
    claudemesh(["up", "--persistent", "--name", "bench"]);
    const client = connect({ home });
    const hook = (more: object): number =>
      claudemesh(
        ["agent", "hook", "claude-code"],
        JSON.stringify({ session_id: "s-hook", cwd: join(folder, "hooked"), ...more }),
      );
    hook({ hook_event_name: "SessionStart", source: "startup" });
    const [hookEmptyMs, hookMessageMs, injectedMs, bareMs]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let n = 0; n < options.samples; n += 1) {
      bareMs.push(bare());
      hookEmptyMs.push(hook({ hook_event_name: "PostToolUse", tool_name: "Bash" }));
      await client.send({ to: "@bench/hooked", message: `for the hook ${n}` }, { wait: "delivered" });
      hookMessageMs.push(hook({ hook_event_name: "PostToolUse", tool_name: "Bash" }));
    }
    claudemesh(["agent", "install", "claude-code"]);
    const session = await claudeCodeSession({ after: (end) => void ends.push(end) }, { folder, project });
    for (let n = 0; n < options.samples; n += 1) injectedMs.push(await injected(session, client, n));
    client.close();
    return { hookEmptyMs, hookMessageMs, injectedMs, bareMs };
  } finally {
    for (const end of ends) await end();
    spawnSync(process.execPath, [program, "down"], { env });
    rmSync(folder, { recursive: true, force: true });
  }
}

function bare(): number {
  const start = performance.now();
  spawnSync(process.execPath, ["-e", "0"]);
  return performance.now() - start;
}

async function injected(session: ClaudeCodeSession, client: ReturnType<typeof connect>, n: number): Promise<number> {
  const text = `for the session ${n}.`;
  const before = Date.now();
  await client.send({ to: "@bench/api", message: text });
  const { at } = await session.until((entry) => entry.text.includes(text));
  // Idle again, or the next one waits for the end of its turn.
  await session.idleAfter(text);
  return at - before;
}

if (isMain(import.meta.url)) {
  const figures = await measureAgents({ samples: process.argv.includes("--quick") ? 10 : 50 });
  const row = (name: string, samples: readonly number[], target: string): string[] => [
    name,
    `p50 ${percentile(samples, 0.5).toFixed(0)} ms, p95 ${percentile(samples, 0.95).toFixed(0)} ms`,
    target,
  ];
  printTable(
    ["figure", "measured", "target"],
    [
      row("bare `node -e 0`, whole process", figures.bareMs, "ceiling"),
      row("hook call, whole process, nothing waits", figures.hookEmptyMs, "≤ 150 ms"),
      row("hook call, whole process, brings a message", figures.hookMessageMs, "≤ 150 ms"),
      row("local send → in the context of an idle session", figures.injectedMs, "p50 ≤ 20 ms"),
    ],
  );
}
