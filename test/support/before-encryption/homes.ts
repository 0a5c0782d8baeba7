import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { joinBroker } from "../../../src/bin/join-broker.ts";
import { serverPrograms } from "../../../src/broker/testing/postgres-server.ts";
import { broker, type TestBroker } from "../broker.ts";
import { daemon, type TestDaemon } from "../daemon.ts";
import { linked } from "../mesh.ts";
import { tempFolder } from "../temp-folder.ts";

/**
 * A broker and three members as the last version without encryption left them (`sqlite.tar.gz`, `postgres.tar.gz`: made by
 * that version, then stopped). alice owns the mesh; she and bob are in #ops and have written to each other; a message to bob
 * waits at the broker, and one to him and one to #ops wait in alice's outbox. carol has been there and sent nothing.
 */
export interface OldHomes {
  readonly broker: TestBroker;
  /** As `up` does after the update, then linked. */
  start(name: "alice" | "bob" | "carol"): Promise<TestDaemon>;
}

/** `database`: an empty one of PostgreSQL; null: the embedded store. */
export async function oldHomes(t: TestContext, database: string | null): Promise<OldHomes> {
  const home = unpacked(tempFolder(t), database === null ? "sqlite" : "postgres");
  if (database !== null) restore(database, join(home, "broker.sql"));
  const dataDir = join(home, "broker");
  const started = await broker(t, { dataDir, ...(database === null ? {} : { databaseUrl: database }) });
  return {
    broker: started,
    async start(name) {
      const dir = join(home, name);
      await joinBroker({ dir, dataDir, name: null, role: name === "alice" ? "owner" : "member" });
      const member = await daemon(t, { dir });
      await linked(member);
      return member;
    },
  };
}

/** A home of that version with its broker and the member of that name, made in `folder`. */
export function oldHome(folder: string, name: "alice"): string {
  const from = unpacked(folder, "sqlite");
  const home = join(folder, `home-of-${name}`);
  mkdirSync(join(home, "daemon"), { recursive: true, mode: 0o700 });
  renameSync(join(from, "broker"), join(home, "broker"));
  renameSync(join(from, name), join(home, "daemon", "local"));
  return home;
}

function unpacked(folder: string, kind: "sqlite" | "postgres"): string {
  execFileSync("tar", ["-xzf", fileURLToPath(new URL(`${kind}.tar.gz`, import.meta.url)), "-C", folder]);
  return join(folder, kind);
}

function restore(database: string, file: string): void {
  const psql = spawnSync(join(serverPrograms(), "psql"), ["-q", "-v", "ON_ERROR_STOP=1", "-f", file, database], {
    encoding: "utf8",
  });
  if (psql.status !== 0) throw new Error(psql.stderr);
}
