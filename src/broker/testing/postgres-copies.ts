import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { onServer, type PostgresServer, serverOwner, serverPrograms, startPostgres } from "./postgres-server.ts";

/** Whole clusters, copied and put back as an operator does. The folder goes with the test. */
export interface PostgresCopies {
  /** The folder of the stopped server, or what pg_basebackup takes of the running one. */
  copy(name: string, how: "stopped" | "running"): Promise<void>;
  /** Puts a copy in the place of the stopped server's folder. */
  putBack(name: string): Promise<void>;
}

export function postgresCopies(t: Pick<TestContext, "after">, server: PostgresServer): PostgresCopies {
  const folder = ownFolder("cm-postgres-copies-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    async copy(name, how) {
      const target = join(folder, name);
      rmSync(target, { recursive: true, force: true });
      if (how === "stopped") await ran("cp", ["-a", server.dataDir, target]);
      else await baseBackup(server.port, target);
    },
    async putBack(name) {
      rmSync(server.dataDir, { recursive: true });
      await ran("cp", ["-a", join(folder, name), server.dataDir]);
    },
  };
}

/** One database, dumped while the server runs and put back into it, as an operator does who restores by pg_dump. */
export function postgresDumps(t: Pick<TestContext, "after">, server: PostgresServer) {
  const folder = ownFolder("cm-postgres-dumps-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const reach = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"];
  const program = (name: string, args: readonly string[]) => ran(join(serverPrograms(), name), [...reach, ...args]);
  return {
    dump: (database: string, name: string) => program("pg_dump", ["-Fc", "-f", join(folder, name), database]),
    async putBack(database: string, name: string) {
      await program("dropdb", [database]);
      await program("createdb", [database]);
      await program("pg_restore", ["-d", database, join(folder, name)]);
    },
  };
}

/** A server that follows another one's commits by streaming, some time behind, until it is promoted. Ends with the test. */
export interface Standby {
  readonly server: PostgresServer;
  /** Resolves when it has everything that the primary has committed by now. */
  caughtUp(): Promise<void>;
  /** It is the primary from now on, with what it has. */
  promote(): Promise<void>;
}

/** `via`: the port at which it reaches the primary. */
export async function standbyOf(t: Pick<TestContext, "after">, primary: PostgresServer, via: number): Promise<Standby> {
  const dataDir = ownFolder("cm-postgres-");
  await baseBackup(via, dataDir, ["-R"]);
  const server = await startPostgres({ dataDir });
  t.after(() => server.remove());
  const one = async (url: string, text: string): Promise<unknown> =>
    Object.values((await onServer(url, (client) => client.query(text))).rows[0] as Record<string, unknown>)[0];
  return {
    server,
    async caughtUp() {
      const reached = String(await one(primary.url(), "SELECT pg_current_wal_lsn()"));
      while ((await one(server.url(), `SELECT pg_last_wal_replay_lsn() >= '${reached}'::pg_lsn`)) !== true);
    },
    async promote() {
      await one(server.url(), "SELECT pg_promote(true, 60)");
    },
  };
}

function ownFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const owner = serverOwner();
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  return folder;
}

function baseBackup(port: number, target: string, more: readonly string[] = []): Promise<void> {
  const from = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
  return ran(join(serverPrograms(), "pg_basebackup"), [...from, "-D", target, "-c", "fast", "--no-sync", ...more]);
}

async function ran(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { ...serverOwner(), cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${said}`);
}
