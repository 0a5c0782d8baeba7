/**
 * NATS JetStream as a rival: file storage, one replica, deduplication by Nats-Msg-Id, every publication acknowledged.
 * The client writes the text protocol as bytes, as the load on our links is prepared too: a client library would cost
 * more than the server. Bodies of 300 bytes without an envelope, which is less than our broker stores.
 * A server since 2.10 is asked to sync before each acknowledgement; an older one cannot and syncs every two minutes.
 * `node bench/rivals/nats.ts [--count 100000] [--streams 1] [--server PATH]`
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { newUuidV7 } from "../../src/protocol/ids.ts";
import { machine } from "../ceilings.ts";
import { isMain, type LoadFigures, percentile, printTable } from "../figures.ts";
import { freePort, startServer } from "../server-process.ts";

/** Newer than Debian's, for `sync_interval: always`. Pinned, so that two runs compare. */
const newerVersion = "v2.15.2";
const duplicateWindowNs = 120_000_000_000;

export interface NatsServer {
  readonly path: string;
  readonly version: string;
  /** Whether it takes `sync_interval: always`: what it acknowledges is then on the disk. */
  readonly syncsAlways: boolean;
}

/** $NATS_SERVER, else a newer one built by Go when there is a Go, else the one that is installed. */
export function findNatsServer(given: string | undefined = process.env["NATS_SERVER"]): NatsServer {
  if (given !== undefined) return describe(given);
  const folder = join(tmpdir(), `claudemesh-bench-nats-${newerVersion}`);
  const built = join(folder, "nats-server");
  if (!existsSync(built)) {
    const module = `github.com/nats-io/nats-server/v2@${newerVersion}`;
    spawnSync("go", ["install", module], { env: { ...process.env, GOBIN: folder }, stdio: "ignore" });
  }
  return describe(existsSync(built) ? built : "nats-server");
}

function describe(path: string): NatsServer {
  const { stdout, error } = spawnSync(path, ["--version"], { encoding: "utf8" });
  if (error !== undefined) throw new Error("nats-server is not installed (Debian: nats-server)", { cause: error });
  const version = /v(\d+)\.(\d+)\.\S+/.exec(stdout);
  return {
    path,
    version: version?.[0] ?? "?",
    syncsAlways: Number(version?.[1]) > 2 || Number(version?.[2]) >= 10,
  };
}

export interface NatsOptions {
  readonly count: number;
  readonly inFlight: number;
  readonly connections: number;
  /** Each connection publishes to one of them. */
  readonly streams: number;
  readonly sync: "always" | "default";
}

export async function measureNats(server: NatsServer, options: NatsOptions): Promise<LoadFigures> {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const port = await freePort();
  const config = join(folder, "nats.conf");
  const sync = options.sync === "always" ? ", sync_interval: always" : "";
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/store"${sync} }\n`);
  const process_ = await startServer(server.path, ["-c", config], port);
  try {
    const clients = await Promise.all(Array.from({ length: options.connections }, () => openClient(port)));
    for (let stream = 0; stream < options.streams; stream += 1) await createStream(clients[0], stream);
    const each = Math.floor(options.count / options.connections);
    const loads = clients.map((client, place) => ({ client, publications: prepare(client, place, each, options) }));
    const window = Math.max(1, Math.floor(options.inFlight / options.connections));
    const start = performance.now();
    const times = await Promise.all(loads.map(({ client, publications }) => drive(client, publications, window)));
    const seconds = (performance.now() - start) / 1_000;
    for (const client of clients) client.socket.destroy();
    const all = times.flat();
    return { perSecond: all.length / seconds, p50Ms: percentile(all, 0.5), p99Ms: percentile(all, 0.99) };
  } finally {
    await process_.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Client {
  readonly socket: Socket;
  readonly inbox: string;
  /** Gets the number that ends a reply's subject, and the reply's text. */
  onReply(take: (number: number, text: string) => void): void;
}

async function openClient(port: number): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const inbox = `_INBOX.${randomBytes(8).toString("hex")}`;
  let take: (number: number, text: string) => void = () => undefined;
  let ready: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const opened = new Promise<void>((resolve, reject) => {
    ready = resolve;
    fail = reject;
  });
  let pending = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    pending += chunk;
    let from = 0;
    for (;;) {
      const end = pending.indexOf("\r\n", from);
      if (end === -1) break;
      const line = pending.slice(from, end);
      if (line.startsWith("MSG ")) {
        const words = line.split(" ");
        const bytes = Number(words.at(-1));
        if (pending.length < end + 2 + bytes + 2) break;
        take(Number(words[1]?.slice(inbox.length + 1)), pending.slice(end + 2, end + 2 + bytes));
        from = end + 2 + bytes + 2;
        continue;
      }
      from = end + 2;
      if (line === "PING") socket.write("PONG\r\n");
      else if (line === "PONG") ready();
      else if (line.startsWith("-ERR")) socket.destroy(new Error(line));
    }
    pending = pending.slice(from);
  });
  socket.on("error", (error) => fail(error));
  const hello = { verbose: false, pedantic: false, headers: true, lang: "bench", version: "1", protocol: 1 };
  socket.write(`CONNECT ${JSON.stringify(hello)}\r\nSUB ${inbox}.* 1\r\nPING\r\n`);
  await opened;
  return {
    socket,
    inbox,
    onReply(next) {
      take = next;
    },
  };
}

async function createStream(client: Client | undefined, stream: number): Promise<void> {
  if (client === undefined) throw new Error("no connection");
  const config = JSON.stringify({
    name: `mesh${stream}`,
    subjects: [`mesh.${stream}`],
    storage: "file",
    retention: "limits",
    num_replicas: 1,
    duplicate_window: duplicateWindowNs,
  });
  const text = await new Promise<string>((resolve) => {
    client.onReply((_, reply) => resolve(reply));
    client.socket.write(`PUB $JS.API.STREAM.CREATE.mesh${stream} ${client.inbox}.0 ${config.length}\r\n${config}\r\n`);
  });
  if ((JSON.parse(text) as { error?: unknown }).error !== undefined) throw new Error(text);
}

function prepare(client: Client, place: number, count: number, options: NatsOptions): Buffer[] {
  const subject = `mesh.${place % options.streams}`;
  const startMs = Date.now();
  return Array.from({ length: count }, (_, number) => {
    const headers = `NATS/1.0\r\nNats-Msg-Id: ${newUuidV7(startMs + number)}\r\n\r\n`;
    const body = randomBytes(225).toString("base64url");
    const sizes = `${headers.length} ${headers.length + body.length}`;
    return Buffer.from(`HPUB ${subject} ${client.inbox}.${number} ${sizes}\r\n${headers}${body}\r\n`);
  });
}

/** Keeps a window of publications unacknowledged; resolves with the time that each took. */
function drive(client: Client, publications: readonly Buffer[], window: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const startedAt = new Float64Array(publications.length);
    const times: number[] = [];
    let next = 0;
    const publish = (): void => {
      const bytes = publications[next];
      if (bytes === undefined) return;
      startedAt[next] = performance.now();
      next += 1;
      client.socket.write(bytes);
    };
    client.socket.once("error", reject);
    client.onReply((number, text) => {
      if (!text.includes('"seq":') || text.includes('"duplicate"')) return reject(new Error(text));
      times.push(performance.now() - (startedAt[number] ?? 0));
      if (times.length === publications.length) return resolve(times);
      publish();
    });
    client.socket.cork();
    for (let count = 0; count < window; count += 1) publish();
    client.socket.uncork();
  });
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "100000" },
      "in-flight": { type: "string", default: "512" },
      server: { type: "string" },
    },
  });
  const server = findNatsServer(values.server);
  process.stdout.write(`${machine()}\nnats-server ${server.version}\n`);
  const rows: string[][] = [];
  for (const sync of server.syncsAlways ? (["always", "default"] as const) : (["default"] as const))
    for (const streams of [1, 8]) {
      // A sync for each publication is slow enough that a tenth of them is a long run.
      const count = Number(values.count) / (sync === "always" ? 5 : 1);
      const figures = await measureNats(server, {
        count,
        inFlight: Number(values["in-flight"]),
        connections: 8,
        streams,
        sync,
      });
      rows.push([
        `${streams} stream${streams === 1 ? "" : "s"}, sync ${sync}`,
        Math.round(figures.perSecond).toLocaleString("en"),
        figures.p50Ms.toFixed(1),
        figures.p99Ms.toFixed(1),
      ]);
    }
  printTable(["JetStream", "messages/s", "p50 ms", "p99 ms"], rows);
}
