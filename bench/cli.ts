/** `claudemesh send` as a whole process, beside a bare `node -e 0` measured in turns with it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMain, percentile, printTable } from "./figures.ts";

export interface CliFigures {
  readonly bareP50Ms: number;
  /** The built command line under the same Node. */
  readonly sendP50Ms: number;
  /** The checkout's `./claudemesh`, which also looks whether the build is fresh. */
  readonly wrapperP50Ms: number;
  readonly ratio: number;
  readonly wrapperRatio: number;
}

const program = fileURLToPath(new URL("../dist/bin/claudemesh.js", import.meta.url));
const wrapper = fileURLToPath(new URL("../claudemesh", import.meta.url));

/** Needs a build. Each sample runs all three once, so that a slow moment of the machine slows all of them. */
export function measureCli(options: { readonly samples: number }): CliFigures {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const env = { ...process.env, CLAUDEMESH_HOME: join(folder, "home") };
  const run = (command: string, args: readonly string[]): number => {
    const start = performance.now();
    const ended = spawnSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    if (ended.status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${ended.status}: ${ended.stderr}`);
    return performance.now() - start;
  };
  try {
    run(process.execPath, [program, "up", "--persistent", "--name", "bench"]);
    const [bare, send, wrapped]: [number[], number[], number[]] = [[], [], []];
    for (let n = 0; n < options.samples + 3; n += 1) {
      const taken = [
        run(process.execPath, ["-e", "0"]),
        run(process.execPath, [program, "send", "@bench", "hello"]),
        run(wrapper, ["send", "@bench", "hello"]),
      ] as const;
      // The first rounds fill the file cache.
      if (n < 3) continue;
      bare.push(taken[0]);
      send.push(taken[1]);
      wrapped.push(taken[2]);
    }
    const [bareP50Ms, sendP50Ms, wrapperP50Ms] = [
      percentile(bare, 0.5),
      percentile(send, 0.5),
      percentile(wrapped, 0.5),
    ];
    return { bareP50Ms, sendP50Ms, wrapperP50Ms, ratio: sendP50Ms / bareP50Ms, wrapperRatio: wrapperP50Ms / bareP50Ms };
  } finally {
    spawnSync(process.execPath, [program, "down"], { env });
    rmSync(folder, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  const figures = measureCli({ samples: process.argv.includes("--quick") ? 10 : 40 });
  printTable(
    ["whole process", "p50", "of bare", "target"],
    [
      ["node -e 0", `${figures.bareP50Ms.toFixed(1)} ms`, "1.0 ×", ""],
      ["claudemesh send", `${figures.sendP50Ms.toFixed(1)} ms`, `${figures.ratio.toFixed(1)} ×`, "≤ 3 ×"],
      ["./claudemesh send", `${figures.wrapperP50Ms.toFixed(1)} ms`, `${figures.wrapperRatio.toFixed(1)} ×`, "≤ 3 ×"],
    ],
  );
}
