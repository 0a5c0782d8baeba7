import { ClaudemeshError } from "../../protocol/error.ts";
import type { Readiness } from "../parts.ts";
import type { Files } from "./files.ts";

/**
 * Whether the broker has the files of a row, so that the row may go. Where it lacks some, they are brought to it, and the outbox is
 * told when that changes anything: they are there, or cannot be brought, or wait for something that a reader of the row should know.
 */
export interface RowFiles {
  readiness(fileIds: readonly string[]): Readiness;
  /** Ends what is under way; nothing is told any more. */
  stop(): void;
}

export function createRowFiles(options: {
  readonly files: Pick<Files, "ready" | "ensureUploaded">;
  /** A row that waited may be looked at again. */
  readonly changed: () => void;
}): RowFiles {
  const { files, changed } = options;
  const stopped = new AbortController();
  /** By the files of a row: what they wait for, or why they never come. */
  const ways = new Map<string, { trouble: ClaudemeshError | null; failed: ClaudemeshError | null }>();

  function bring(key: string, fileIds: readonly string[]): void {
    const way: { trouble: ClaudemeshError | null; failed: ClaudemeshError | null } = { trouble: null, failed: null };
    ways.set(key, way);
    const troubled = (error: ClaudemeshError): void => {
      if (way.trouble?.message === error.message) return;
      way.trouble = error;
      changed();
    };
    files.ensureUploaded(fileIds, stopped.signal, troubled).then(
      () => {
        ways.delete(key);
        changed();
      },
      (thrown: unknown) => {
        if (stopped.signal.aborted) return;
        way.failed = ClaudemeshError.from(thrown);
        changed();
      },
    );
  }

  return {
    readiness(fileIds) {
      if (files.ready(fileIds)) return { ready: true };
      const key = fileIds.join(" ");
      if (!ways.has(key)) bring(key, fileIds);
      const { failed, trouble } = ways.get(key) ?? { failed: null, trouble: null };
      // Told once: a row that is sent again tries again.
      if (failed !== null) ways.delete(key);
      const error = failed ?? trouble;
      const reason =
        error === null
          ? { code: "waits_for_files", message: "its files are on their way to the broker" }
          : { code: error.code, message: error.message };
      return { ready: false, forGood: failed !== null, reason };
    },
    stop: () => stopped.abort(new ClaudemeshError("stopping", "the daemon is stopping")),
  };
}
