import { createSecretKey, type KeyObject } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import { sqliteCode } from "../../../base/sqlite-database.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";

export interface SqliteStoreOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Secret of the deployment under which positions are authenticated. */
  readonly positionSecret: Uint8Array;
  readonly dedupe: { readonly mode: "retention_scoped" | "permanent"; readonly retentionDays: number };
  /** Never longer than dedupe records are kept: a message must not outlive its record. */
  readonly messageRetentionDays?: number;
  /** Durability tests plant weaker settings here. */
  readonly pragmas?: string;
}

/** What the store's queries share while it is open. */
export interface StoreCore {
  readonly options: SqliteStoreOptions;
  readonly db: DatabaseSync;
  /** The secret of positions as a key made once: an HMAC under raw bytes imports them every time, for 7 µs a message. */
  readonly positionKey: KeyObject;
  /** This start: its number here, and its name in positions. */
  readonly incarnation: { readonly n: number; readonly id: string };
  /** Statements are prepared once per text. */
  sql(text: string): StatementSync;
  /** Runs `body` as one durable transaction; a full disk or I/O error is store_unavailable and nothing remains. */
  transaction<T>(body: () => T): T;
}

export function createCore(
  options: SqliteStoreOptions,
  db: DatabaseSync,
  incarnation: StoreCore["incarnation"],
): StoreCore {
  const prepared = new Map<string, StatementSync>();
  return {
    options,
    db,
    positionKey: createSecretKey(options.positionSecret),
    incarnation,
    sql(text) {
      let statement = prepared.get(text);
      if (statement === undefined) {
        statement = db.prepare(text);
        prepared.set(text, statement);
      }
      return statement;
    },
    transaction: (body) => durably(db, body),
  };
}

export function durably<T>(db: DatabaseSync, body: () => T): T {
  try {
    db.exec("BEGIN IMMEDIATE");
    const result = body();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw storeError(error, "commit");
  }
}

/** What SQLite itself refused is store_unavailable; anything else is thrown as it is. */
export function storeError(thrown: unknown, operation: "commit" | "read"): unknown {
  if (sqliteCode(thrown) === null) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new ClaudemeshError("store_unavailable", `the store could not ${operation}: ${reason}`, { cause: thrown });
}

/** Name of a start of this store by its number. */
export function incarnationName(core: StoreCore, n: number): string {
  if (n === core.incarnation.n) return core.incarnation.id;
  return String(core.sql("SELECT incarnation FROM incarnation WHERE n = ?").get(n)?.["incarnation"] ?? "");
}
