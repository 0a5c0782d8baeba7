/**
 * Decisions a second of the rate limiter, in process and in a redis-server of its own on this machine; every message is
 * new and allowed, and forgotten after its commit as a broker does. `node bench/limiter.ts [--count 100000]`
 */
import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { systemClock } from "../src/base/clock.ts";
import { defaultBrokerLimits } from "../src/broker/broker-limits.ts";
import { createInProcessLimiter } from "../src/broker/limit/in-process-limiter.ts";
import type { Limiter, LimitItem } from "../src/broker/limit/limiter.ts";
import { createRedisLimiter } from "../src/broker/limit/redis-limiter.ts";
import { machine } from "./ceilings.ts";
import { isMain, median, percentile, printTable } from "./figures.ts";

/** Limits far above the measurement, since they would be what is measured. */
const limits = { ...defaultBrokerLimits, memberRate: 1e6, memberBurst: 1e6, meshRate: 1e6, meshBurst: 1e6 };
const members = 50;

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
}

/** So many calls at once, each of a mesh of its own, as a broker has one batch of a mesh under way. */
async function measure(limiter: Limiter, count: number, batch: number, meshes: number): Promise<Measured> {
  const calls = Math.floor(count / batch / meshes);
  const fingerprint = randomBytes(32);
  const lanes = Array.from({ length: meshes }, () => ({ meshId: randomUUID(), batches: [] as LimitItem[][] }));
  for (const { batches } of lanes)
    for (let call = 0; call < calls; call += 1)
      batches.push(
        Array.from({ length: batch }, (_, place) => {
          const memberId = `member-${(call * batch + place) % members}`;
          return { memberId, clientMessageId: randomUUID(), fingerprint, group: memberId };
        }),
      );
  const times: number[] = [];
  const start = performance.now();
  await Promise.all(
    lanes.map(async ({ meshId, batches }) => {
      for (const items of batches) {
        const asked = performance.now();
        const decisions = await limiter.take(meshId, items);
        times.push(performance.now() - asked);
        if (decisions.some(({ kind }) => kind !== "allowed")) throw new Error("a message was refused");
        limiter.committed(meshId, items);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  return { perSecond: (calls * batch * meshes) / seconds, p50Ms: percentile(times, 0.5) };
}

export async function measureLimiters(count: number): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const socket = join(folder, "redis.sock");
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    for await (const chunk of server.stdout) if (String(chunk).includes("eady to accept connections")) break;
    server.stdout.resume();
    const client = new Redis(socket);
    const rows: string[][] = [];
    for (const where of ["in process", "Redis"] as const)
      for (const [batch, meshes] of [
        [1, 1],
        [1, 64],
        [256, 1],
        [256, 4],
      ] as const) {
        const runs: Measured[] = [];
        for (let run = 0; run < 3; run += 1) {
          const now = (): number => systemClock.now() * 1_000;
          const onEvicted = (): void => undefined;
          const shared = createRedisLimiter({ client, limits, clock: systemClock, onEvicted });
          const limiter = where === "Redis" ? shared : createInProcessLimiter(limits, now, onEvicted);
          runs.push(await measure(limiter, batch === 1 && meshes === 1 ? count / 8 : count, batch, meshes));
          shared.stop();
          await client.flushall();
        }
        rows.push([
          where,
          String(batch),
          String(meshes),
          Math.round(median(runs.map(({ perSecond }) => perSecond))).toLocaleString("en"),
          median(runs.map(({ p50Ms }) => p50Ms)).toFixed(3),
        ]);
      }
    client.disconnect();
    return rows;
  } finally {
    server.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { count: { type: "string", default: "100000" } } });
  const rows = await measureLimiters(Number(values.count));
  process.stdout.write(`${machine()}\n`);
  printTable(["limiter", "batch", "meshes at once", "decisions/s", "p50 ms a call"], rows);
}
