import { ClaudemeshError } from "../../../protocol/error.ts";

/** No incarnation is recorded for this life of the server: raised by mesh.accept. */
export const noIncarnation = "CM001";
const damaged = new Set(["XX001", "XX002"]);
/** Of a table, column or function: the schema is not the one that this program was made for. */
const undefinedObject = new Set(["42P01", "42703", "42883", "3F000"]);

/** A text has U+0000, which no column holds. Every other form of a value is looked at before it comes here. */
const impossibleText = "22021";

/** Five characters of a server's error, an errno of the connection's, or null. */
export function sqlState(thrown: unknown): string | null {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : null;
}

/**
 * What the database said, as an error of the store. Everything that may pass is store_unavailable: lost connections,
 * shutdowns, lock waits, deadlocks, full disks. The connection's address and password are in none of these texts.
 */
export function storeError(thrown: unknown, operation: "commit" | "read"): ClaudemeshError {
  if (thrown instanceof ClaudemeshError) return thrown;
  const state = sqlState(thrown);
  const reason = thrown instanceof Error ? thrown.message || (state ?? thrown.name) : String(thrown);
  if (state === impossibleText)
    return new ClaudemeshError("control_character", "a field holds the control character U+0000", { cause: thrown });
  const message = `the store could not ${operation}: ${reason}${state === null ? "" : ` (${state})`}`;
  if (state !== null && damaged.has(state)) return new ClaudemeshError("store_corrupt", message, { cause: thrown });
  if (state !== null && undefinedObject.has(state))
    return new ClaudemeshError("schema_newer", message, {
      cause: thrown,
      hint: "this database has another schema than this program expects; see docs/operations.md, Upgrade",
    });
  const hint = state === null ? undefined : hints[state];
  return new ClaudemeshError("store_unavailable", message, { cause: thrown, ...(hint === undefined ? {} : { hint }) });
}

const unreachable = "is PostgreSQL running, and does DATABASE_URL name its host and port?";
const refused = "the user or the password in DATABASE_URL is not right, or pg_hba.conf lets it in from elsewhere only";
export const takesNoWrites =
  "DATABASE_URL leads to a server that takes no writes, as a standby: it must lead to the primary";
/** What an operator can do about what the server or the way to it says. */
const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  "28000": refused,
  "28P01": refused,
  "3D000": "createdb makes the database; docs/operations.md, Deploy",
  "42501": "the role in DATABASE_URL must own the database",
  "53100": "make room on the disk of the database",
  "53300": "raise max_connections of the database: each broker takes up to 10, docs/operations.md, Sizing",
  "25006": takesNoWrites,
};
