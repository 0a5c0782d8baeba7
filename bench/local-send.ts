/** A daemon as its own process, its broker away: durable sends over the unix socket, one at a time and 64 in flight. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { foundedMember } from "../src/daemon/membership/founded-member.fixture.ts";
import { fsyncP50Ms, machine } from "./ceilings.ts";
import { isMain, percentile, printTable } from "./figures.ts";
import { sendLoad } from "./send-load.ts";

export interface LocalSendFigures {
  readonly fsyncP50Ms: number;
  readonly oneInFlightP50Ms: number;
  readonly perSecond: number;
  readonly loadedP50Ms: number;
  readonly loadedP99Ms: number;
  readonly rssIdleMiB: number;
  readonly rssLoadedMiB: number;
}

const startDeadlineMs = 15_000;

export async function measureLocalSend(options: {
  samples: number;
  messages: number;
  inFlight: number;
  bodyBytes: number;
}): Promise<LocalSendFigures> {
  const root = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const dir = join(root, "local");
  foundedMember(
    dir,
    {
      mesh_id: "0198f0a0-0000-7000-8000-000000000001",
      slug: "local",
      member_name: "me",
      broker_url: "ws://127.0.0.1:9/v1/link",
      broker_key: "ab".repeat(32),
      certificate_print: null,
    },
    Date.now(),
  );
  // What is built is what users run: the sources cost the type stripper's memory on top.
  const built = fileURLToPath(new URL("../dist/bin/run-daemon.js", import.meta.url));
  const script = existsSync(built) ? built : fileURLToPath(new URL("../src/bin/run-daemon.ts", import.meta.url));
  const daemon = spawn(process.execPath, [script, "--dir", dir], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    const socketPath = join(dir, "sock");
    await untilListening(daemon, socketPath);
    const rssIdleMiB = residentMiB(daemon);
    const body = JSON.stringify({ to: "@me", message: "x".repeat(options.bodyBytes) });
    const alone = await sendLoad(socketPath, body, options.samples, 1);
    const loaded = await sendLoad(socketPath, body, options.messages, options.inFlight);
    return {
      fsyncP50Ms: fsyncP50Ms(),
      oneInFlightP50Ms: percentile(alone.timesMs, 0.5),
      perSecond: loaded.perSecond,
      loadedP50Ms: percentile(loaded.timesMs, 0.5),
      loadedP99Ms: percentile(loaded.timesMs, 0.99),
      rssIdleMiB,
      rssLoadedMiB: residentMiB(daemon),
    };
  } finally {
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    if (daemon.exitCode === null && daemon.kill("SIGTERM")) await ended;
    rmSync(root, { recursive: true, force: true });
  }
}

async function untilListening(daemon: ChildProcess, socketPath: string): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  while (!existsSync(socketPath)) {
    if (daemon.exitCode !== null || performance.now() > deadline) throw new Error("the daemon did not start");
    await pause(10);
  }
}

function residentMiB(daemon: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) / 1_024;
}

if (isMain(import.meta.url)) {
  process.stdout.write(`${machine()}\n`);
  const rows: string[][] = [];
  for (let run = 0; run < 3; run += 1) {
    const figures = await measureLocalSend({ samples: 2_000, messages: 40_000, inFlight: 64, bodyBytes: 300 });
    rows.push([
      figures.fsyncP50Ms.toFixed(3),
      figures.oneInFlightP50Ms.toFixed(3),
      figures.perSecond.toFixed(0),
      figures.loadedP50Ms.toFixed(2),
      figures.loadedP99Ms.toFixed(2),
      figures.rssIdleMiB.toFixed(0),
      figures.rssLoadedMiB.toFixed(0),
    ]);
  }
  printTable(
    ["fsync p50 ms", "1 in flight p50 ms", "64 in flight /s", "p50 ms", "p99 ms", "RSS idle MiB", "loaded MiB"],
    rows,
  );
}
