/** What this machine can do at most: the figures that the others are read against. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { isMain, percentile, printTable } from "./figures.ts";

/** Median of 4 KiB appends with fdatasync, milliseconds. */
export function fsyncP50Ms(samples = 2_000): number {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  try {
    const file = openSync(join(folder, "append"), "w");
    const block = Buffer.alloc(4_096, 7);
    const times: number[] = [];
    for (let n = 0; n < samples; n += 1) {
      const start = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      times.push(performance.now() - start);
    }
    closeSync(file);
    return percentile(times, 0.5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median wall time of `node -e 0` as a whole process, milliseconds. */
export function bareNodeMs(runs = 21): number {
  return wholeProcessMs(process.execPath, ["-e", "0"], process.env, runs);
}

/** Median wall time of a command as a whole process, milliseconds; it must succeed. */
function wholeProcessMs(command: string, args: readonly string[], env: NodeJS.ProcessEnv, runs: number): number {
  const times: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const start = performance.now();
    const ended = spawnSync(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    times.push(performance.now() - start);
    if (ended.status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${ended.status}: ${ended.stderr}`);
  }
  return percentile(times, 0.5);
}

export function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}-${process.arch}`;
}

if (isMain(import.meta.url)) {
  process.stdout.write(`${machine()}\n`);
  printTable(
    ["ceiling", "figure"],
    [
      ["fsync of a 4 KiB append, p50", `${fsyncP50Ms().toFixed(3)} ms`],
      ["bare node -e 0, whole process, p50", `${bareNodeMs().toFixed(1)} ms`],
    ],
  );
}
