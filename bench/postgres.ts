/**
 * A PostgreSQL of a measurement's own, on a free port over a fresh folder, tuned for a machine of two cores and ended
 * with it. Durability is never tuned: fsync, synchronous_commit and full_page_writes stay on.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startServer } from "./server-process.ts";

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
  readonly pid: number;
  /** Runs a script by psql, stopping at its first error; returns what it printed, without decoration. */
  psql(script: string): Promise<string>;
  /** An empty database of that name; any earlier one goes. */
  createDatabase(name: string): Promise<Postgres>;
  stop(): Promise<void>;
}

export async function startPostgres(settings: Readonly<Record<string, string>> = postgresSettings): Promise<Postgres> {
  const programs = programFolder();
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const user = serverUser();
  chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  try {
    execFileSync(
      join(programs, "initdb"),
      ["-D", data, "-U", "bench", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
      { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
    );
    const port = await freePort();
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const where = ["-D", data, "-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-k", folder];
    // SIGINT is the fast stop: sessions are ended, what is committed is kept.
    const server = await startServer(join(programs, "postgres"), [...where, ...args], {
      port,
      ...user,
      signal: "SIGINT",
    });
    return database(programs, port, "postgres", server.pid, async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  }
}

function database(programs: string, port: number, name: string, pid: number, stop: () => Promise<void>): Postgres {
  const url = `postgres://bench@127.0.0.1:${port}/${name}`;
  const psql = (script: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(join(programs, "psql"), ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
      let printed = "";
      let complaint = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        complaint += text;
      });
      child.once("error", reject);
      child.once("close", (code) => (code === 0 ? resolve(printed.trimEnd()) : reject(new Error(complaint))));
      child.stdin.end(script);
    });
  return {
    url,
    pid,
    psql,
    stop,
    version: serverVersion(programs),
    async createDatabase(other) {
      await psql(`DROP DATABASE IF EXISTS "${other}" WITH (FORCE);\nCREATE DATABASE "${other}";\n`);
      return database(programs, port, other, pid, stop);
    },
  };
}

function serverVersion(programs: string): string {
  return /\d+\.\d+/.exec(execFileSync(join(programs, "postgres"), ["--version"], { encoding: "utf8" }))?.[0] ?? "?";
}

/** Debian keeps the server's programs out of PATH, a folder for each version. */
function programFolder(): string {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(base, version, "bin")).find((path) => existsSync(join(path, "initdb")));
  if (found !== undefined) return found;
  if (spawnSync("initdb", ["--version"]).error === undefined) return "";
  throw new Error("PostgreSQL is not installed (Debian: postgresql)");
}

/** PostgreSQL refuses root: it runs as the user that its package made. */
function serverUser(): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) return own;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
