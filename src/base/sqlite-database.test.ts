import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DatabaseRefused, openDatabase, schemaVersion } from "./sqlite-database.ts";

describe("a database with migrations", () => {
  let folder = "";
  let path = "";
  let migrations = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sqlite-database-"));
    path = join(folder, "outbox.db");
    migrations = join(folder, "migrations");
    mkdirSync(migrations);
    writeMigration("0001_first.sql", "CREATE TABLE first (id INTEGER PRIMARY KEY) STRICT;");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const writeMigration = (name: string, sql: string) => writeFileSync(join(migrations, name), sql);
  const refusal = (reason: string) => (error: unknown) => error instanceof DatabaseRefused && error.reason === reason;

  test("is private, journals ahead and waits for the disk at every commit", () => {
    const database = openDatabase(path, migrations);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(database.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "wal");
    assert.equal(database.prepare("PRAGMA synchronous").get()?.["synchronous"], 2);
    assert.equal(database.prepare("PRAGMA fullfsync").get()?.["fullfsync"], 1);
    database.close();
  });

  test("gets each migration once, in the order of the file names", () => {
    openDatabase(path, migrations).close();
    writeMigration("0002_second.sql", "ALTER TABLE first ADD COLUMN name TEXT;");
    const database = openDatabase(path, migrations);
    assert.equal(schemaVersion(database), 2);
    database.exec("INSERT INTO first (name) VALUES ('a')");
    database.close();
    openDatabase(path, migrations).close();
  });

  test("is refused when an applied migration was edited, or when it knows more than this program", () => {
    writeMigration("0002_second.sql", "CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT;");
    openDatabase(path, migrations).close();
    writeMigration("0002_second.sql", "CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT;");
    assert.throws(() => openDatabase(path, migrations), refusal("changed"));
    rmSync(join(migrations, "0002_second.sql"));
    assert.throws(() => openDatabase(path, migrations), refusal("newer"));
  });

  test("keeps nothing of a migration that fails half-way", () => {
    writeMigration(
      "0002_second.sql",
      "CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE first (id INTEGER);",
    );
    assert.throws(() => openDatabase(path, migrations), /first already exists/);
    writeMigration("0002_second.sql", "CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT;");
    const database = openDatabase(path, migrations);
    assert.equal(schemaVersion(database), 2);
    database.close();
  });

  test("that is damaged is refused, never opened anyway", () => {
    writeFileSync(path, Buffer.alloc(8_192, 7));
    assert.throws(() => openDatabase(path, migrations), refusal("corrupt"));
  });
});
