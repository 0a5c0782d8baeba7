import { DatabaseRefused, sqliteCode } from "../base/sqlite-database.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** SQLite's codes for a file that is damaged, and for one that is no database. */
const corruptCodes = [11, 26];

/** What kept a daemon from starting, with what helps. Whatever is not known passes as it is. */
export function startError(thrown: unknown): unknown {
  if (corruptCodes.includes(sqliteCode(thrown) ?? 0)) {
    return new ClaudemeshError("store_corrupt", `a database of the daemon is damaged: ${String(thrown)}`, {
      hint: "claudemesh recover",
      cause: thrown,
    });
  }
  if (!(thrown instanceof DatabaseRefused)) return thrown;
  switch (thrown.reason) {
    case "newer":
    case "changed":
      return new ClaudemeshError("schema_newer", thrown.message, {
        hint: "run the version of claudemesh that wrote it, or a later one",
        cause: thrown,
      });
    case "corrupt":
      return new ClaudemeshError("store_corrupt", thrown.message, {
        hint: "claudemesh recover",
        cause: thrown,
      });
    case "library":
      return new ClaudemeshError("invalid_config", thrown.message, {
        hint: "run it with Node 24.15 or later",
        cause: thrown,
      });
  }
}
