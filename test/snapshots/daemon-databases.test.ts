import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DatabaseRefused, openDatabase } from "../../src/base/sqlite-database.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { dumpDatabase } from "./dump-database.ts";
import { type Kind, kinds, migrationsFolder, migrationsOf, restore, shownPath, snapshotsOf } from "./snapshots.ts";
import { shownOf } from "./shown.ts";

const migratingProcess = fileURLToPath(new URL("./migrating-process.fixture.ts", import.meta.url));

for (const kind of kinds)
  describe(`the ${kind} of an earlier version`, () => {
    test("is here for every migration there is", () => {
      assert.deepEqual(
        snapshotsOf(kind),
        migrationsOf(kind),
        `a migration has a snapshot: run a daemon that has it, fill its ${kind} with every kind of row, stop it, then ` +
          `node test/snapshots/dump-database.ts ${kind}.db > test/snapshots/daemon/${kind}/NNNN_name.sql; node test/snapshots/write-shown.ts`,
      );
    });

    for (const [index, name] of snapshotsOf(kind).entries()) {
      test(`${name} is what the program of that version left, and no other`, () => {
        using snapshot = restore(kind, name);
        assert.deepEqual(appliedTo(snapshot.path), migrationsOf(kind).slice(0, index + 1));
      });

      test(`${name} is opened with all that it holds, and shown as it was`, async (t) => {
        using snapshot = restore(kind, name);
        const before = rowsOf(snapshot.path);
        assert.deepEqual(
          JSON.parse(JSON.stringify(await shownOf(kind, snapshot.path))),
          JSON.parse(readFileSync(shownPath(kind, name), "utf8")),
        );
        assert.deepEqual(schemaOf(snapshot.path), schemaAfter(t, kind, migrationsOf(kind).length));
        const after = rowsOf(snapshot.path);
        for (const [table, count] of Object.entries(before))
          if (table !== "schema_migration") assert.equal(after[table], count, table);
      });
    }

    test("killed before any statement of a migration is the old one or the new one", async (t) => {
      const [first = "", last = ""] = [snapshotsOf(kind)[0], migrationsOf(kind).at(-1)];
      const shown = JSON.parse(readFileSync(shownPath(kind, first), "utf8")) as unknown;
      let kills = 0;
      for (let running = true; running; kills += 1) {
        using snapshot = restore(kind, first);
        const child = spawn(
          process.execPath,
          [migratingProcess, snapshot.path, migrationsFolder(kind), `${kills + 1}`],
          {
            stdio: ["ignore", "ignore", "inherit"],
          },
        );
        const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
        running = signal === "SIGKILL";
        assert.ok(running || code === 0, `it ended with ${code}`);
        const applied = appliedTo(snapshot.path);
        assert.deepEqual(applied, migrationsOf(kind).slice(0, applied.length));
        assert.deepEqual(schemaOf(snapshot.path), schemaAfter(t, kind, applied.length), `before step ${kills + 1}`);
        assert.equal(applied.at(-1) === last, !running);
        assert.deepEqual(JSON.parse(JSON.stringify(await shownOf(kind, snapshot.path))), shown);
      }
      assert.ok(kills > migrationsOf(kind).length * 3, `only ${kills} steps were seen`);
    });

    test("is refused and left as it was when a newer program wrote it", () => {
      const newest = snapshotsOf(kind).at(-1) ?? "";
      using snapshot = restore(kind, newest);
      const database = new DatabaseSync(snapshot.path);
      database.exec(`ALTER TABLE ${kind} ADD COLUMN later TEXT;
        INSERT INTO schema_migration (name, sha256, applied_at) VALUES ('9999_later.sql', '00', '2027-01-01T00:00:00.000Z')`);
      database.close();
      const before = readFileSync(snapshot.path);
      assert.throws(
        () => openDatabase(snapshot.path, migrationsFolder(kind)),
        (error) => error instanceof DatabaseRefused && error.reason === "newer" && /9999_later/.test(error.message),
      );
      assert.deepEqual(readFileSync(snapshot.path), before);
      assert.deepEqual(readdirSync(dirname(snapshot.path)), [`${kind}.db`]);
    });

    test("is the same again after it was written down and made anew", (t) => {
      const name = snapshotsOf(kind).at(-1) ?? "";
      using snapshot = restore(kind, name);
      const again = join(tempFolder(t), "again.db");
      const made = new DatabaseSync(again, { defensive: false });
      made.exec(dumpDatabase(snapshot.path));
      made.close();
      assert.equal(dumpDatabase(again), dumpDatabase(snapshot.path));
    });
  });

function appliedTo(path: string): string[] {
  return read(path, "SELECT name AS text FROM schema_migration ORDER BY name");
}

function rowsOf(path: string): Record<string, string> {
  const tables = read(path, "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'");
  return Object.fromEntries(
    tables.map((table) => [table, read(path, `SELECT count(*) AS text FROM "${table}"`)[0] ?? ""]),
  );
}

/** What the database is made of, in whatever order it came. */
function schemaOf(path: string): string[] {
  return read(path, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS text FROM sqlite_schema").toSorted();
}

/** Of a new database that has the first `count` migrations. */
function schemaAfter(t: TestContext, kind: Kind, count: number): string[] {
  const folder = tempFolder(t);
  const migrations = join(folder, "migrations");
  mkdirSync(migrations);
  for (const name of migrationsOf(kind).slice(0, count))
    copyFileSync(join(migrationsFolder(kind), name), join(migrations, name));
  const path = join(folder, "fresh.db");
  openDatabase(path, migrations).close();
  return schemaOf(path);
}

function read(path: string, query: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(query)
      .all()
      .map(({ text }) => String(text));
  } finally {
    database.close();
  }
}
