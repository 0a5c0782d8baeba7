/**
 * Two daemons and a broker, each its own process, on this machine: latency when idle, sustained throughput, memory.
 * Bodies of 300 bytes; the broker's rate limits are raised.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { call, claudemesh, type Host, hostStatus } from "../torture/host.ts";
import { isMain, percentile, printTable } from "./figures.ts";
import { sendLoad } from "./send-load.ts";

export interface EndToEndFigures {
  readonly idleP50Ms: number;
  readonly idleP99Ms: number;
  readonly sustainedPerSecond: number;
  readonly sustainedMessages: number;
  /** Resident set of the receiving daemon, MiB: after start and after the load. */
  readonly rssIdleMiB: number;
  readonly rssLoadedMiB: number;
}

export async function measureEndToEnd(options: {
  idleSamples: number;
  messages: number;
  inFlight: number;
  settleMs: number;
}): Promise<EndToEndFigures> {
  const root = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const alice: Host = { name: "alice", home: join(root, "alice"), broker: null };
  const bob: Host = { name: "bob", home: join(root, "bob"), broker: join(root, "alice", "broker") };
  try {
    mkdirSync(join(root, "alice", "broker"), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, "alice", "broker", "config.toml"), unlimited);
    await claudemesh(alice, ["up", "--persistent", "--http", "--name", "alice"]);
    await claudemesh(bob, ["up", "--persistent", "--http", "--name", "bob", "--broker", join(root, "alice", "broker")]);
    await pause(options.settleMs);
    const rssIdleMiB = await residentMiB(bob);
    const idle = await idleLatencies(alice, bob, options.idleSamples);
    const sustained = await sustainedLoad(alice, bob, options.messages, options.inFlight);
    return {
      idleP50Ms: percentile(idle, 0.5),
      idleP99Ms: percentile(idle, 0.99),
      sustainedPerSecond: sustained,
      sustainedMessages: options.messages,
      rssIdleMiB,
      rssLoadedMiB: await residentMiB(bob),
    };
  } finally {
    for (const host of [bob, alice]) await claudemesh(host, ["down"]).catch(() => undefined);
    rmSync(root, { recursive: true, force: true });
  }
}

/** The limiter would be what is measured. */
const unlimited = [
  "[rate_limit]",
  "member_per_second = 1000000",
  "member_burst = 1000000",
  "mesh_per_second = 1000000",
  "mesh_burst = 1000000",
  "",
].join("\n");

async function residentMiB(host: Host): Promise<number> {
  const pid = (await hostStatus(host)).daemons[0]?.pid;
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(line) / 1024;
}

/** From the POST of a send at one host to the `message` event at the other; a message every 20 ms, one at a time. */
async function idleLatencies(from: Host, to: Host, samples: number): Promise<number[]> {
  const socketPath = (await hostStatus(to)).daemons[0]?.socket ?? "";
  const seen = new Map<string, (at: number) => void>();
  let opened: () => void = () => undefined;
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const stream = request({ socketPath, path: "/v1/events", headers: { accept: "text/event-stream" } }, (answer) => {
    opened();
    let pending = "";
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => {
      const at = performance.now();
      pending += chunk;
      const blocks = pending.split("\n\n");
      pending = blocks.pop() ?? "";
      for (const block of blocks) {
        const id = /idle-\d+\./.exec(block)?.[0];
        if (id !== undefined && block.includes("event: message")) seen.get(id)?.(at);
      }
    });
    answer.on("error", () => undefined);
  });
  stream.on("error", () => undefined);
  stream.end();
  await open;
  const times: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    const text = `idle-${n}.`;
    const arrived = new Promise<number>((resolve) => seen.set(text, resolve));
    const start = performance.now();
    await call(from, "POST", "/v1/send", { to: `@${to.name}`, message: text });
    times.push((await arrived) - start);
    seen.delete(text);
    await pause(20);
  }
  stream.destroy();
  return times;
}

/** Messages a second from the first send to the last one stored at the receiver. */
async function sustainedLoad(from: Host, to: Host, messages: number, inFlight: number): Promise<number> {
  const before = await storedAt(to);
  const socketPath = (await hostStatus(from)).daemons[0]?.socket ?? "";
  const start = performance.now();
  await sendLoad(socketPath, JSON.stringify({ to: `@${to.name}`, message: "x".repeat(300) }), messages, inFlight);
  while ((await storedAt(to)) - before < messages) await pause(20);
  return messages / ((performance.now() - start) / 1000);
}

async function storedAt(host: Host): Promise<number> {
  const { text } = await call(host, "GET", "/v1/metrics");
  return Number(/^cm_daemon_recv_total(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? 0);
}

if (isMain(import.meta.url)) {
  const quick = process.argv.includes("--quick");
  const figures = await measureEndToEnd({
    idleSamples: quick ? 50 : 300,
    messages: quick ? 5_000 : 60_000,
    inFlight: 48,
    settleMs: quick ? 500 : 60_000,
  });
  printTable(
    ["end to end", "figure", "target"],
    [
      ["idle p50", `${figures.idleP50Ms.toFixed(2)} ms`, "≤ 15 ms"],
      ["idle p99", `${figures.idleP99Ms.toFixed(2)} ms`, ""],
      [`sustained over ${figures.sustainedMessages}`, `${figures.sustainedPerSecond.toFixed(0)} messages/s`, "≥ 4,000"],
      ["receiving daemon, resident, before load", `${figures.rssIdleMiB.toFixed(0)} MiB`, "≤ 100 MB after 60 s"],
      ["receiving daemon, resident, after load", `${figures.rssLoadedMiB.toFixed(0)} MiB`, "reported"],
    ],
  );
}
