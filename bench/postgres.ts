/**
 * A PostgreSQL of a measurement's own, on a free port over a fresh folder, tuned for a machine of two cores and ended
 * with it. Durability is never tuned: fsync, synchronous_commit and full_page_writes stay on.
 */
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import {
  type PostgresServer,
  serverPrograms,
  startPostgres as startServer,
} from "../src/broker/testing/postgres-server.ts";
import { endWithUs } from "./server-process.ts";

/** What differs from the defaults of the server, and why. */
export const postgresSettings = {
  /** The hot part of the dedupe index stays in memory. */
  shared_buffers: "2GB",
  /** Checkpoints by time, not forced by a burst: each one makes pages be logged whole again. */
  max_wal_size: "8GB",
  checkpoint_timeout: "15min",
  wal_buffers: "64MB",
  /** Pages that are logged whole are the greater part of the log; this halves them for little work. */
  wal_compression: "lz4",
  random_page_cost: "1.1",
  /** Compiling costs more than it saves in statements this short. */
  jit: "off",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
} as const;

export interface Postgres {
  readonly url: string;
  readonly version: string;
  /** Of the server; each connection is a child of it. */
  readonly pid: number;
  /** Runs a script by psql, stopping at its first error; returns what it printed, without decoration. */
  psql(script: string): Promise<string>;
  /** An empty database of that name; any earlier one goes. */
  createDatabase(name: string): Promise<Postgres>;
  stop(): Promise<void>;
}

export async function startPostgres(settings: Readonly<Record<string, string>> = postgresSettings): Promise<Postgres> {
  const server = await startServer({ settings });
  endWithUs(() => void server.stop("immediate"));
  return databaseAt(server, server.url());
}

function databaseAt(server: PostgresServer, url: string): Postgres {
  const psql = (script: string): Promise<string> => runPsql(url, script);
  return {
    url,
    version: serverVersion(),
    psql,
    pid: server.pid,
    stop: server.remove,
    async createDatabase(name) {
      await psql(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE);\nCREATE DATABASE "${name}";\n`);
      return databaseAt(server, server.url(name));
    },
  };
}

function runPsql(url: string, script: string): Promise<string> {
  const child = spawn(join(serverPrograms(), "psql"), ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
  let printed = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  // It ends at its first error without reading the rest; the error is then what it printed.
  child.stdin.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(printed.trimEnd()) : reject(new Error(complaint))));
    child.stdin.end(script);
  });
}

function serverVersion(): string {
  const text = execFileSync(join(serverPrograms(), "postgres"), ["--version"], { encoding: "utf8" });
  return /\d+\.\d+/.exec(text)?.[0] ?? "?";
}
