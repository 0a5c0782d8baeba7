import { watch } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { createLineReader } from "./line-reader.ts";
import { rotatedFiles } from "./log-files.ts";
import type { LogLevel } from "./log-line.ts";
import { type LogEnd, showAll, showOne } from "./read-log.ts";

/** Where the system does not tell of changes, or not of all of them. */
const lookIntervalMs = 1_000;

/**
 * Shows what is added to the log until `signal` ends it. Rotation is known by the inode, not by the name: the file that
 * was rotated is read to its end, then those between, then the new one. `end` is closed.
 */
export async function followLog(
  path: string,
  end: LogEnd,
  options: {
    readonly level: LogLevel | null;
    readonly signal: AbortSignal;
    readonly show: (line: string) => void;
    readonly note: (text: string) => void;
  },
): Promise<void> {
  const { level, signal, show, note } = options;
  const changes = watchLog(path, signal);
  let { file, inode, reader } = end;
  try {
    while (!signal.aborted) {
      await showAll(reader, level, show);
      const now = await stat(path).catch(() => null);
      if (now !== null && now.ino !== inode) {
        // Nobody writes to the old file any more: what it holds now is all of it.
        await showAll(reader, level, show);
        showOne(reader.rest(), level, show);
        await showBetween(path, inode, now.ino, level, show);
        await file.close();
        file = await open(path, "r");
        inode = (await file.stat()).ino;
        reader = createLineReader(file, 0);
        continue;
      }
      if (now !== null && now.size < reader.position) {
        note("notice: the log was truncated; it is read from its beginning");
        reader.rewind();
        continue;
      }
      await changes.next();
    }
  } finally {
    changes.close();
    await file.close();
  }
}

/** Files that were begun and rotated between two looks. */
async function showBetween(
  path: string,
  after: number,
  before: number,
  level: LogLevel | null,
  show: (line: string) => void,
): Promise<void> {
  let isPast = false;
  for (const name of rotatedFiles(path)) {
    const file = await open(name, "r").catch(() => null);
    if (file === null) continue;
    try {
      const { ino } = await file.stat();
      if (isPast && ino !== before) {
        const reader = createLineReader(file, 0);
        await showAll(reader, level, show);
        showOne(reader.rest(), level, show);
      }
      isPast ||= ino === after;
    } finally {
      await file.close();
    }
  }
}

/** `next` resolves at a change since it was last called, after a while without one, or at the end. */
function watchLog(path: string, signal: AbortSignal): { next(): Promise<void>; close(): void } {
  const stem = basename(path, ".log");
  let changed = false;
  let wake: () => void = () => undefined;
  const tell = (): void => {
    changed = true;
    wake();
  };
  const watcher = startWatching(dirname(path), (name) => {
    // The databases of the same folder change all the time.
    if (name === null || name.startsWith(stem)) tell();
  });
  signal.addEventListener("abort", tell, { once: true });
  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, lookIntervalMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      changed = false;
    },
    close() {
      signal.removeEventListener("abort", tell);
      watcher?.close();
    },
  };
}

/** null where the system has no more watches to give: then the interval alone is used. */
function startWatching(folder: string, tell: (name: string | null) => void): { close(): void } | null {
  try {
    const watcher = watch(folder, (_event, name) => tell(name));
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
