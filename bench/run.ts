/**
 * Every figure of this machine in one run, beside the ceilings that they are read against. `npm run bench` takes about
 * four minutes; `npm run bench -- --quick` half a minute, for a look. Medians of three runs where a run is short.
 */
import { measureAccept } from "./accept.ts";
import { bareNodeMs, fsyncP50Ms, machine } from "./ceilings.ts";
import { measureCli } from "./cli.ts";
import { measureEndToEnd } from "./end-to-end.ts";
import { median, printTable } from "./figures.ts";
import { measureLocalSend } from "./local-send.ts";
import { measureMcpStart } from "./mcp-start.ts";

const quick = process.argv.includes("--quick");
const rows: string[][] = [];
const note = (text: string): void => void process.stderr.write(`${text}\n`);

note("ceilings …");
const fsyncMs = median([fsyncP50Ms(), fsyncP50Ms(), fsyncP50Ms()]);
rows.push(["fsync of a 4 KiB append, p50", `${fsyncMs.toFixed(3)} ms`, "ceiling"]);
rows.push(["bare `node -e 0`, whole process, p50", `${bareNodeMs().toFixed(1)} ms`, "ceiling"]);

note("local send …");
const locals = [];
for (let run = 0; run < (quick ? 1 : 3); run += 1)
  locals.push(
    await measureLocalSend({
      samples: quick ? 500 : 2_000,
      messages: quick ? 10_000 : 40_000,
      inFlight: 64,
      bodyBytes: 300,
    }),
  );
const oneMs = median(locals.map((local) => local.oneInFlightP50Ms));
const allowedMs = 4 * median(locals.map((local) => local.fsyncP50Ms)) + 1;
rows.push(["local send, 1 in flight, p50", `${oneMs.toFixed(2)} ms`, `≤ ${allowedMs.toFixed(2)} ms (4 × fsync + 1)`]);
rows.push([
  "local send, 64 in flight",
  `${Math.round(median(locals.map((local) => local.perSecond))).toLocaleString("en")} /s`,
  "≥ 8,000 /s",
]);

const acceptOptions = {
  kind: "sqlite",
  database: null,
  meshes: 1,
  count: quick ? 30_000 : 100_000,
  links: 4,
  inFlight: 512,
  frame: 16,
  profile: null,
} as const;
for (const ids of ["uuidv7", "random"] as const) {
  note(`broker accept, ${ids} ids …`);
  const runs = [];
  for (let run = 0; run < (quick ? 1 : 3); run += 1) runs.push(await measureAccept({ ...acceptOptions, ids }));
  rows.push([
    `broker accept, 512 in flight, ${ids} ids`,
    `${Math.round(median(runs.map((run) => run.perSecond))).toLocaleString("en")} /s, p50 ${median(runs.map((run) => run.p50Ms)).toFixed(0)} ms`,
    ids === "uuidv7" ? "≥ 20,000 /s" : "reported",
  ]);
}

note(`end to end${quick ? "" : ", after a minute of rest"} …`);
const whole = await measureEndToEnd({
  idleSamples: quick ? 50 : 300,
  messages: quick ? 5_000 : 60_000,
  inFlight: 64,
  settleMs: quick ? 500 : 60_000,
});
rows.push(["end to end, idle, p50", `${whole.idleP50Ms.toFixed(1)} ms`, "≤ 15 ms"]);
rows.push(["end to end, idle, p99", `${whole.idleP99Ms.toFixed(1)} ms`, "reported"]);
rows.push([
  `end to end, sustained over ${whole.sustainedMessages.toLocaleString("en")}`,
  `${Math.round(whole.sustainedPerSecond).toLocaleString("en")} /s`,
  "≥ 4,000 /s",
]);
rows.push([
  `daemon, resident ${quick ? "at start" : "60 s after start"}`,
  `${((whole.rssIdleMiB * 1_048_576) / 1e6).toFixed(0)} MB`,
  "≤ 100 MB",
]);
rows.push(["daemon, resident after the load", `${((whole.rssLoadedMiB * 1_048_576) / 1e6).toFixed(0)} MB`, "reported"]);

note("command line …");
const cli = measureCli({ samples: quick ? 10 : 40 });
rows.push([
  "`claudemesh send`, whole process, p50",
  `${cli.sendP50Ms.toFixed(0)} ms = ${cli.ratio.toFixed(1)} × bare`,
  "≤ 3 × bare",
]);
rows.push([
  "`./claudemesh send` of a checkout",
  `${cli.wrapperP50Ms.toFixed(0)} ms = ${cli.wrapperRatio.toFixed(1)} × bare`,
  "reported",
]);

note("MCP server …");
const mcp = await measureMcpStart({ samples: quick ? 10 : 40 });
rows.push(["`claudemesh mcp`, start to the answer to initialize, p50", `${mcp.startP50Ms.toFixed(0)} ms`, "≤ 300 ms"]);

process.stdout.write(`${machine()}, ${new Date().toISOString().slice(0, 10)}\n\n`);
printTable(["figure", "measured", "target"], rows);
