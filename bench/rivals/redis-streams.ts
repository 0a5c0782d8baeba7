/**
 * Redis Streams as a rival: one script a message claims its id (SET NX EX) and appends it (XADD), appendfsync always,
 * so that an answer means the disk. The client writes and reads the protocol as bytes, as the load on our links is
 * prepared too. Bodies of 300 bytes without an envelope, which is less than our broker stores; no fingerprint is kept.
 * `node bench/rivals/redis-streams.ts [--count 100000] [--streams 1]`
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { newUuidV7 } from "../../src/protocol/ids.ts";
import { machine } from "../ceilings.ts";
import { isMain, type LoadFigures, percentile, printTable } from "../figures.ts";
import { freePort, startServer } from "../server-process.ts";

const acceptScript =
  "if redis.call('SET',KEYS[2],'1','NX','EX',ARGV[2]) then return redis.call('XADD',KEYS[1],'*','e',ARGV[1]) end return 'duplicate'";
const dedupeSeconds = 365 * 86_400;

export interface RedisStreamsOptions {
  readonly count: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly streams: number;
}

export function redisVersion(): string {
  const { stdout, error } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  if (error !== undefined) throw new Error("redis-server is not installed (Debian: redis-server)", { cause: error });
  return /v=(\S+)/.exec(stdout)?.[1] ?? "?";
}

export async function measureRedisStreams(options: RedisStreamsOptions): Promise<LoadFigures> {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const port = await freePort();
  const place = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder];
  const durability = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const server = await startServer("redis-server", [...place, ...durability], port);
  try {
    const sockets = await Promise.all(Array.from({ length: options.connections }, () => open(port)));
    const hash = await loadScript(sockets[0]);
    const each = Math.floor(options.count / options.connections);
    const loads = sockets.map((socket, index) => ({
      socket,
      commands: prepare(hash, index % options.streams, each),
    }));
    const window = Math.max(1, Math.floor(options.inFlight / options.connections));
    const start = performance.now();
    const times = await Promise.all(loads.map(({ socket, commands }) => drive(socket, commands, window)));
    const seconds = (performance.now() - start) / 1_000;
    for (const socket of sockets) socket.destroy();
    const all = times.flat();
    return { perSecond: all.length / seconds, p50Ms: percentile(all, 0.5), p99Ms: percentile(all, 0.99) };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setEncoding("latin1");
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

function command(...words: readonly string[]): Buffer {
  return Buffer.from(
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
  );
}

async function loadScript(socket: Socket | undefined): Promise<string> {
  if (socket === undefined) throw new Error("no connection");
  const answered = new Promise<string>((resolve) => socket.once("data", (text: unknown) => resolve(String(text))));
  socket.write(command("SCRIPT", "LOAD", acceptScript));
  const hash = /^\$40\r\n([0-9a-f]{40})/.exec(await answered)?.[1];
  if (hash === undefined) throw new Error("Redis did not take the script");
  return hash;
}

function prepare(hash: string, stream: number, count: number): Buffer[] {
  const startMs = Date.now();
  return Array.from({ length: count }, (_, number) => {
    const keys = [`{mesh${stream}}:log`, `{mesh${stream}}:${newUuidV7(startMs + number)}`];
    return command("EVALSHA", hash, "2", ...keys, randomBytes(225).toString("base64url"), `${dedupeSeconds}`);
  });
}

/** Keeps a window of commands unanswered; answers come in order. Each must be the id of a stream entry. */
function drive(socket: Socket, commands: readonly Buffer[], window: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const startedAt = new Float64Array(commands.length);
    const times: number[] = [];
    let next = 0;
    let pending = "";
    const send = (): void => {
      const bytes = commands[next];
      if (bytes === undefined) return;
      startedAt[next] = performance.now();
      next += 1;
      socket.write(bytes);
    };
    socket.once("error", reject);
    socket.on("data", (chunk: unknown) => {
      pending += String(chunk);
      const lines = pending.split("\r\n");
      const whole = (lines.length - 1) & ~1;
      socket.cork();
      for (let line = 0; line < whole; line += 2) {
        if (lines[line]?.[0] !== "$" || !/^\d+-\d+$/.test(lines[line + 1] ?? ""))
          return reject(new Error(`Redis answered ${lines[line]} ${lines[line + 1]}`));
        times.push(performance.now() - (startedAt[times.length] ?? 0));
        send();
      }
      socket.uncork();
      pending = lines.slice(whole).join("\r\n");
      if (times.length === commands.length) resolve(times);
    });
    socket.cork();
    for (let count = 0; count < window; count += 1) send();
    socket.uncork();
  });
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "100000" }, "in-flight": { type: "string", default: "512" } },
  });
  process.stdout.write(`${machine()}\nRedis ${redisVersion()}, appendonly yes, appendfsync always\n`);
  const rows: string[][] = [];
  for (const streams of [1, 8]) {
    const options = { count: Number(values.count), inFlight: Number(values["in-flight"]), connections: 8, streams };
    const { perSecond, p50Ms, p99Ms } = await measureRedisStreams(options);
    rows.push([
      `${streams} stream${streams === 1 ? "" : "s"}`,
      Math.round(perSecond).toLocaleString("en"),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
    ]);
  }
  printTable(["Redis Streams", "messages/s", "p50 ms", "p99 ms"], rows);
}
