import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { migrate } from "../store/postgres/migrate.ts";
import { migrationsFolder } from "../store/postgres/postgres-store.ts";

/** A real PostgreSQL on a free port of 127.0.0.1 and a folder of its own, with fsync and every default that protects data. */
export interface PostgresServer {
  readonly port: number;
  /** The cluster's folder; owned by the user that the server runs as. */
  readonly dataDir: string;
  readonly pid: number;
  url(database?: string): string;
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>;
  /** `fast` ends sessions and writes everything out; `immediate` is a crash without one. */
  stop(how?: "fast" | "immediate"): Promise<void>;
  /** On the same folder and port. */
  start(): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  /** Stops for good and removes the folder. */
  remove(): Promise<void>;
}

export interface PostgresOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** A cluster that exists, as a backup put back; else a new one is made. */
  readonly dataDir?: string;
}

const account = "postgres";

/** Starts a server; whoever starts it ends it. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = serverPrograms();
  const owner = serverOwner();
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "cm-postgres-"));
  if (options.dataDir === undefined) {
    if (owner !== null) chownSync(dataDir, owner.uid, owner.gid);
    await ran(
      join(bin, "initdb"),
      ["-D", dataDir, "-U", account, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
      owner,
    );
  }
  const port = await freePort();
  let child: ChildProcess | null = null;
  let databases = 0;

  const server: PostgresServer = {
    port,
    dataDir,
    get pid() {
      return child?.pid ?? 0;
    },
    url: (database = "postgres") => `postgres://${account}@127.0.0.1:${port}/${database}`,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await onServer(server.url(), (client) => client.query(`CREATE DATABASE ${name}`));
      return server.url(name);
    },
    async start() {
      if (child !== null) return;
      const settings = {
        listen_addresses: "127.0.0.1",
        port: String(port),
        unix_socket_directories: "",
        ...options.settings,
      };
      const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      const started = spawn(join(bin, "postgres"), ["-D", dataDir, ...args], {
        ...owner,
        cwd: "/",
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      let said = "";
      started.stderr.setEncoding("utf8");
      await new Promise<void>((resolve, reject) => {
        started.stderr.on("data", (text: string) => {
          said = (said + text).slice(-10_000);
          if (/database system is ready to accept (read-only )?connections/.test(said)) resolve();
        });
        started.once("close", (code) => {
          if (child === started) child = null;
          reject(new Error(`postgres ended with ${code}: ${said}`));
        });
      });
    },
    async stop(how = "fast") {
      const running = child;
      if (running === null) return;
      const ended = new Promise<void>((resolve) => running.once("close", () => resolve()));
      running.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
      await ended;
    },
    signal: (name) => void child?.kill(name),
    async remove() {
      await server.stop("immediate");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** A server that the tests of a file share, each in databases of its own. */
export interface SharedPostgres {
  /** Makes a database that a store has started on once: every migration is applied. Returns its address. */
  createDatabase(): Promise<string>;
  /** Makes one without a table in it, for tests of the first start. */
  createEmptyDatabase(): Promise<string>;
}

/**
 * One server for all tests of a file, started by the first that asks and removed behind the last; or the one that
 * DATABASE_URL names, whose databases are dropped behind the last. Call it at the top of the file.
 */
export function sharedPostgres(): () => Promise<SharedPostgres> {
  const given = process.env["DATABASE_URL"] ?? "";
  let starting: Promise<SharedPostgres & { remove(): Promise<void> }> | null = null;
  after(async () => {
    await (await starting)?.remove();
  });
  return () => {
    starting ??= given === "" ? ownServer() : Promise.resolve(databasesOf(given));
    return starting;
  };
}

async function ownServer(): Promise<SharedPostgres & { remove(): Promise<void> }> {
  const server = await startPostgres();
  return { ...databasesOf(server.url()), remove: () => server.remove() };
}

/** Migrating is most of what a database costs, so it is done once, in a database that the others are copies of. */
function databasesOf(serverUrl: string): SharedPostgres & { remove(): Promise<void> } {
  const made: string[] = [];
  let template: Promise<string> | null = null;

  async function create(from: string): Promise<{ name: string; url: string }> {
    const name = `cm_test_${process.pid}_${made.length}`;
    made.push(name);
    await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`));
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return { name, url: url.href };
  }

  async function createTemplate(): Promise<string> {
    const { name, url } = await create("template1");
    await migrate({ url, folder: migrationsFolder, clock: systemClock, log: silentLog });
    return name;
  }

  return {
    async createDatabase() {
      template ??= createTemplate();
      return (await create(await template)).url;
    },
    createEmptyDatabase: async () => (await create("template1")).url,
    async remove() {
      for (const name of made)
        await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** One piece of work on a connection of its own. */
export async function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The user that a server runs as: PostgreSQL refuses root. null: whoever runs the tests. */
export function serverOwner(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${account}:`));
  const [, , uid, gid] = (line ?? "").split(":");
  if (uid === undefined || gid === undefined)
    throw new Error(`there is no user ${account}: apt-get install postgresql`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** Folder of initdb and postgres, of the newest version installed. */
export function serverPrograms(): string {
  const versions = "/usr/lib/postgresql";
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  const candidates = [
    process.env["POSTGRES_BIN"],
    newest && join(versions, newest, "bin"),
    "/usr/local/bin",
    "/usr/bin",
  ];
  const found = candidates.find((folder) => folder !== undefined && existsSync(join(folder, "initdb")));
  if (found === undefined)
    throw new Error("PostgreSQL is not installed: apt-get install postgresql, or name its folder in POSTGRES_BIN");
  return found;
}

async function ran(
  program: string,
  args: readonly string[],
  owner: { uid: number; gid: number } | null,
): Promise<void> {
  const child = spawn(program, args, { ...owner, cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${said}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
