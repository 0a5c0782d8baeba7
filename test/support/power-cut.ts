import { DatabaseSync } from "node:sqlite";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * What a power cut would have left. A process runs under strace (see straceArguments); the trace is replayed, and at
 * any moment the disk's image is rebuilt from those writes alone that an fsync or fdatasync had covered by then.
 * kill -9 cannot show this: the kernel keeps what a killed process wrote.
 */
export interface TraceMoment {
  /** Bytes that the process wrote to a socket or pipe at this moment. */
  readonly sent: Buffer;
  /** Files as they would be found after a cut right before these bytes left, by path. */
  image(): ReadonlyMap<string, Buffer>;
}

const tracedCalls = "openat,close,pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate,dup,dup2,dup3";

/** Arguments that put `command` under strace with a trace that {@link replayTrace} reads. */
export function straceArguments(traceFile: string, command: readonly string[]): string[] {
  return [
    "-f",
    "-qq",
    "-xx",
    "-y",
    "-s",
    "4194304",
    "-e",
    `trace=${tracedCalls}`,
    "-e",
    "signal=none",
    "-o",
    traceFile,
    "--",
    ...command,
  ];
}

/** Walks a trace and calls `visit` at every write to a socket, with the durable image of that moment. */
export function replayTrace(
  traceFile: string,
  files: RegExp,
  visit: (moment: TraceMoment) => void,
): { synced: number } {
  const written = new Map<string, Buffer>();
  const durable = new Map<string, Buffer>();
  const unfinished = new Map<string, string>();
  let synced = 0;
  for (const raw of readFileSync(traceFile, "latin1").split("\n")) {
    const line = joinUnfinished(raw, unfinished);
    if (line === null) continue;
    const call = /^\d+\s+(\w+)\((?:(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>)?(.*)\)\s+=\s+(-?\d+)/s.exec(line);
    if (call === null || Number(call[5]) < 0) continue;
    const [, name = "", , fdPath = "", rest = ""] = call;
    const path = unescapeHex(fdPath).toString("utf8");
    const isFile = files.test(path);
    if (name === "pwrite64" && isFile) {
      const data = unescapeHex(/"((?:\\x[0-9a-f]{2})*)"/.exec(rest)?.[1] ?? "");
      const offset = Number(/,\s*(\d+)\s*$/.exec(rest)?.[1] ?? 0);
      written.set(path, overwrite(written.get(path) ?? Buffer.alloc(0), data, offset));
    } else if (name === "ftruncate" && isFile) {
      const size = Number(/,\s*(\d+)\s*$/.exec(rest)?.[1] ?? 0);
      written.set(path, overwrite(written.get(path) ?? Buffer.alloc(0), Buffer.alloc(0), size).subarray(0, size));
    } else if ((name === "fdatasync" || name === "fsync") && isFile) {
      synced += 1;
      durable.set(path, Buffer.from(written.get(path) ?? Buffer.alloc(0)));
    } else if (/^(write|writev|sendto|sendmsg)$/.test(name) && !isFile) {
      const chunks = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => unescapeHex(match[1] ?? ""));
      visit({ sent: Buffer.concat(chunks), image: () => durable });
    }
  }
  return { synced };
}

/** Writes an image into `folder` and opens the database `name` of it as SQLite finds it after a cut. */
export function openAfterCut(image: ReadonlyMap<string, Buffer>, folder: string, name: string): DatabaseSync {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of image) {
    const file = basename(path);
    if (file === name || file === `${name}-wal`) writeFileSync(join(folder, file), bytes);
  }
  return new DatabaseSync(join(folder, name));
}

function joinUnfinished(line: string, unfinished: Map<string, string>): string | null {
  const pid = /^\d+/.exec(line)?.[0];
  if (pid === undefined) return null;
  const start = line.indexOf(" <unfinished ...>");
  if (start >= 0) {
    unfinished.set(pid, line.slice(0, start));
    return null;
  }
  const resumed = /^\d+\s+<\.\.\. \w+ resumed>/.exec(line);
  if (resumed === null) return line;
  const head = unfinished.get(pid) ?? "";
  unfinished.delete(pid);
  return head + line.slice(resumed[0].length);
}

function unescapeHex(text: string): Buffer {
  return text.includes("\\x") ? Buffer.from(text.replaceAll("\\x", ""), "hex") : Buffer.from(text, "latin1");
}

function overwrite(file: Buffer, data: Buffer, offset: number): Buffer {
  const size = Math.max(file.length, offset + data.length);
  const next = Buffer.alloc(size);
  file.copy(next);
  data.copy(next, offset);
  return next;
}
