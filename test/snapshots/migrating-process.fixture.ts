import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../src/base/sqlite-database.ts";

/**
 * `migrating-process DATABASE MIGRATIONS N`: opens the database as a daemon does and is killed before its N-th step of a migration, a
 * step being one statement. Ends with 0 when there are fewer.
 */
const [path = "", migrations = "", at = ""] = process.argv.slice(2);
let steps = 0;
const step = (): void => {
  steps += 1;
  if (steps === Number(at)) process.kill(process.pid, "SIGKILL");
};
const { exec, prepare } = DatabaseSync.prototype;
let migrating = false;
DatabaseSync.prototype.exec = function (sql: string): void {
  migrating ||= sql.startsWith("BEGIN");
  if (!migrating) return exec.call(this, sql);
  for (const statement of sql.split(/(?<=;)\s*\n/)) {
    step();
    exec.call(this, statement);
  }
};
DatabaseSync.prototype.prepare = function (...args: Parameters<typeof prepare>): ReturnType<typeof prepare> {
  if (migrating) step();
  return prepare.call(this, ...args);
};
openDatabase(path, migrations).close();
