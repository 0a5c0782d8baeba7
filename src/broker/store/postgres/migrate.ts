import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { sqlState, storeError } from "./sqlstate.ts";

/** "claudemesh", for pg_locks. */
const advisoryLock = 7_163_384_101;
/** Between two looks whether another broker has finished. Waiting inside a statement would hold a snapshot that CREATE INDEX CONCURRENTLY waits for. */
const lookAgainMs = 200;
/** For another broker's migrations: an index on a large table takes its time. */
const waitMaxMs = 3_600_000;
/** A change that needs a table for itself gives way to who uses it, and tries again: waiting would stop everybody behind it. */
const tableLockMs = 1_000;
const attemptsMax = 60;
const connectMs = 5_000;
const lockNotAvailable = "55P03";

/** First line of a file whose statements run one by one, each for itself. */
const withoutTransaction = "-- without transaction";
/** First line of a file after which an older program must not run. */
const breaking = "-- breaking";

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/**
 * Applies the folder's files in the order of their names, under an advisory lock on a connection of its own, so that of
 * several brokers that start at once one does it and the others find it done. A transaction each, recorded with the
 * file's hash. Refuses a changed file, and a newer one that an older program cannot live with; additive newer ones are left
 * alone, which is what makes going back to the previous program possible. Returns the names of what it applied.
 */
export async function migrate(options: {
  readonly url: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<string[]> {
  const client = clientOf(options.url);
  client.on("error", () => undefined);
  try {
    await client.connect();
    await requireVersion(client);
    await takeLock(client, options);
    return await applyAll(client, options);
  } catch (thrown) {
    throw storeError(thrown, "commit");
  } finally {
    // Ends the lock with the session.
    await client.end().catch(() => undefined);
  }
}

function clientOf(url: string): Client {
  // The driver takes any other text for an address, too, of a host that nobody has named.
  if (!/^postgres(?:ql)?:\/\//i.test(url)) throw unreadable();
  try {
    return new Client({
      connectionString: url,
      application_name: "claudemesh-migrate",
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
    });
  } catch {
    throw unreadable();
  }
}

/** Without the cause: it holds the address, and so the password. */
function unreadable(): ClaudemeshError {
  return new ClaudemeshError("invalid_config", "the address of the database cannot be read", {
    hint: "postgres://USER:PASSWORD@HOST:PORT/DATABASE, with / # ? @ : and % of a password written as %2F %23 %3F %40 %3A %25",
  });
}

/** Oldest server that this is made for and tested with. */
const versionMin = 15;

async function requireVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  const version = rows[0]?.server_version ?? "";
  if (Number.parseInt(version, 10) >= versionMin) return;
  throw new ClaudemeshError(
    "invalid_config",
    `the database server is PostgreSQL ${version}; ${versionMin} or newer is needed`,
    {
      hint: "upgrade it with pg_upgrade, or name another one in DATABASE_URL",
    },
  );
}

function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), "utf8");
      return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
    });
}

async function takeLock(client: Client, { clock, log }: { clock: Clock; log: Log }): Promise<void> {
  const deadline = clock.now() + waitMaxMs;
  for (let told = false; ; told = true) {
    const { rows } = await client.query<{ got: boolean }>("SELECT pg_try_advisory_lock($1) AS got", [advisoryLock]);
    if (rows[0]?.got === true) return;
    if (clock.now() > deadline)
      throw new ClaudemeshError("store_unavailable", "another program has held the migration lock for an hour");
    if (!told) log.info({}, "another broker migrates the store; waiting for it");
    await new Promise<void>((resolve) => clock.after(lookAgainMs, resolve));
  }
}

async function applyAll(
  client: Client,
  { folder, clock, log }: { folder: string; clock: Clock; log: Log },
): Promise<string[]> {
  await client.query("CREATE SCHEMA IF NOT EXISTS mesh");
  await client.query(
    `CREATE TABLE IF NOT EXISTS mesh.schema_migration (
       name text PRIMARY KEY, sha256 text NOT NULL, breaking boolean NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const recorded = await client.query<{ name: string; sha256: string; breaking: boolean }>(
    "SELECT name, sha256, breaking FROM mesh.schema_migration",
  );
  const applied = new Map(recorded.rows.map((row) => [row.name, row]));
  const files = readMigrations(folder);
  for (const row of recorded.rows) {
    if (row.breaking && !files.some(({ name }) => name === row.name))
      throw new ClaudemeshError(
        "schema_newer",
        `the database was changed by a newer program so that this one cannot use it: ${row.name}`,
        { hint: "install the newer program again" },
      );
  }
  const done: string[] = [];
  for (const file of files) {
    const before = applied.get(file.name);
    if (before?.sha256 === file.sha256) continue;
    if (before !== undefined)
      throw new ClaudemeshError("schema_newer", `migration ${file.name} was applied with other content`, {
        hint: "this program's migrations were changed; install it anew",
      });
    try {
      await applyOne(client, file, clock);
    } catch (thrown) {
      const { code, message, hint } = storeError(thrown, "commit");
      throw new ClaudemeshError(code, `migration ${file.name} was not applied: ${message}`, {
        cause: thrown,
        hint: hint ?? "brokers that run go on as they are; the next start tries it again",
      });
    }
    log.info({ migration: file.name }, "migration applied");
    done.push(file.name);
  }
  return done;
}

async function applyOne(client: Client, file: Migration, clock: Clock): Promise<void> {
  const record = async (): Promise<void> => {
    await client.query("INSERT INTO mesh.schema_migration (name, sha256, breaking) VALUES ($1, $2, $3)", [
      file.name,
      file.sha256,
      file.sql.startsWith(breaking),
    ]);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`SET lock_timeout = ${tableLockMs}`);
      if (file.sql.startsWith(withoutTransaction)) {
        // Building beside writers waits for their transactions, as long as it takes.
        await client.query("SET lock_timeout = 0");
        for (const statement of statementsOf(file.sql)) await client.query(statement);
        await record();
        return;
      }
      await client.query("BEGIN");
      await client.query(file.sql);
      await record();
      await client.query("COMMIT");
      return;
    } catch (thrown) {
      await client.query("ROLLBACK").catch(() => undefined);
      if (sqlState(thrown) !== lockNotAvailable || attempt === attemptsMax) throw thrown;
      await new Promise<void>((resolve) => clock.after(lookAgainMs, resolve));
    }
  }
}

/** Statements of a file without function bodies: each ends with a semicolon at the end of a line. */
function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(/^--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
