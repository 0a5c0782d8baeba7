/** `claudemesh mcp` from the start of its process to its answer to `initialize`, beside a bare `node -e 0` measured in turns with it. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMain, percentile, printTable } from "./figures.ts";

export interface McpStartFigures {
  readonly bareP50Ms: number;
  /** With a daemon that says which agent the session is. */
  readonly startP50Ms: number;
  readonly startP95Ms: number;
  /** With none. */
  readonly aloneP50Ms: number;
}

const program = fileURLToPath(new URL("../dist/bin/claudemesh.js", import.meta.url));
const initialize = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "0" } },
};

/** Needs a build. */
export async function measureMcpStart(options: { readonly samples: number }): Promise<McpStartFigures> {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const env = { ...process.env, CLAUDEMESH_HOME: join(folder, "home") };
  const without = { ...process.env, CLAUDEMESH_HOME: join(folder, "none") };
  try {
    const up = spawnSync(process.execPath, [program, "up", "--persistent", "--name", "bench"], { env });
    if (up.status !== 0) throw new Error(`claudemesh up ended with ${up.status}: ${up.stderr}`);
    const [bare, start, alone]: [number[], number[], number[]] = [[], [], []];
    for (let n = 0; n < options.samples + 3; n += 1) {
      const before = performance.now();
      spawnSync(process.execPath, ["-e", "0"]);
      const taken = [performance.now() - before, await answered(env), await answered(without)] as const;
      // The first rounds fill the file cache.
      if (n < 3) continue;
      bare.push(taken[0]);
      start.push(taken[1]);
      alone.push(taken[2]);
    }
    return {
      bareP50Ms: percentile(bare, 0.5),
      startP50Ms: percentile(start, 0.5),
      startP95Ms: percentile(start, 0.95),
      aloneP50Ms: percentile(alone, 0.5),
    };
  } finally {
    spawnSync(process.execPath, [program, "down"], { env });
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answered(env: NodeJS.ProcessEnv): Promise<number> {
  const before = performance.now();
  const child = spawn(process.execPath, [program, "mcp"], { env, stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.stdin.write(`${JSON.stringify(initialize)}\n`);
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  const taken = performance.now() - before;
  if (!text.includes('"serverInfo"')) throw new Error(`claudemesh mcp answered ${text}`);
  child.stdin.end();
  await ended;
  return taken;
}

if (isMain(import.meta.url)) {
  const figures = await measureMcpStart({ samples: process.argv.includes("--quick") ? 10 : 40 });
  const row = (name: string, ms: number, target: string): string[] => [name, `${ms.toFixed(0)} ms`, target];
  printTable(
    ["process start to the answer to `initialize`", "measured", "target"],
    [
      row("bare `node -e 0`, whole process, p50", figures.bareP50Ms, "ceiling"),
      row("`claudemesh mcp`, p50", figures.startP50Ms, "≤ 300 ms"),
      row("`claudemesh mcp`, p95", figures.startP95Ms, "reported"),
      row("`claudemesh mcp`, no daemon, p50", figures.aloneP50Ms, "≤ 300 ms"),
    ],
  );
}
