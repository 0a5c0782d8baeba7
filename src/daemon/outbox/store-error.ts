import { sqliteBusy, sqliteCode, sqliteFull } from "../../base/sqlite-database.ts";
import { ClaudemeshError } from "../../protocol/error.ts";

export interface StoreRefusal {
  /** Code of a full disk: what takes room away from it needs another word than what adds to it. */
  readonly full: "outbox_full" | "store_unavailable";
  /** What a commit that failed may or may not have done. */
  readonly unknown: string;
  readonly again: string;
  readonly details: Record<string, unknown>;
}

/** What the caller of a write is told when the database did not take it. */
export function storeError(error: unknown, told: StoreRefusal): ClaudemeshError {
  if (error instanceof ClaudemeshError) return error;
  if (error instanceof CommitFailed) {
    return new ClaudemeshError("outcome_unknown", `the disk failed while ${told.unknown}`, {
      cause: error.cause,
      hint: told.again,
      details: told.details,
    });
  }
  if (sqliteCode(error) === sqliteBusy) {
    return new ClaudemeshError("store_unavailable", "another program holds the outbox's database; nothing was stored", {
      cause: error,
      hint: "close what has outbox.db open, and try again",
    });
  }
  if (sqliteCode(error) === sqliteFull) {
    return new ClaudemeshError(told.full, "the disk is full; nothing was stored", {
      cause: error,
      hint: "free disk space and try again",
    });
  }
  // Its text could say anything, so it goes to the log and not to the caller.
  return new ClaudemeshError("internal", "the outbox could not take this", {
    cause: error,
    hint: "claudemesh logs tells why",
  });
}

/** COMMIT itself failed. */
export class CommitFailed extends Error {
  override readonly name = "CommitFailed";
  constructor(cause: unknown) {
    super("commit failed", { cause });
  }
}
