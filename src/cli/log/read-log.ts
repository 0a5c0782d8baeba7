import { type FileHandle, open } from "node:fs/promises";
import { ClaudemeshError } from "../../protocol/error.ts";
import { findStart } from "./find-start.ts";
import { createLineReader, type LineReader } from "./line-reader.ts";
import { rotatedFiles } from "./log-files.ts";
import { isAtLeast, levelAtHead, type LogLevel } from "./log-line.ts";

export interface LogQuery {
  readonly lines: number;
  /** null: every line. */
  readonly level: LogLevel | null;
}

/** The log's present end, open for whoever wants to go on. */
export interface LogEnd {
  readonly file: FileHandle;
  readonly inode: number;
  readonly reader: LineReader;
}

/**
 * Shows the last lines that `query` asks for, over rotated files too, and answers the present end, which the caller
 * closes. Throws not_running when there is no such log. Two passes, backwards for the place and forwards for the lines,
 * so that neither large logs nor many lines need memory.
 */
export async function readLog(path: string, query: LogQuery, show: (line: string) => void): Promise<LogEnd> {
  // The current file first: one that is rotated meanwhile is then found twice, and not at all otherwise.
  const current = await openLog(path);
  const earlier: FileHandle[] = [];
  try {
    const { ino: inode } = await current.stat();
    const from = await startOf(path, current, inode, earlier, query);
    for (const [index, file] of earlier.entries()) {
      const reader = createLineReader(file, index === 0 ? from.earliest : 0);
      await showAll(reader, query.level, show);
      showOne(reader.rest(), query.level, show);
    }
    const reader = createLineReader(current, from.current);
    await showAll(reader, query.level, show);
    return { file: current, inode, reader };
  } catch (thrown) {
    await current.close();
    throw thrown;
  } finally {
    for (const file of earlier) await file.close();
  }
}

/** Opens as many of the rotated files as are needed, newest first, into `earlier`, where the oldest comes first. */
async function startOf(
  path: string,
  current: FileHandle,
  inode: number,
  earlier: FileHandle[],
  query: LogQuery,
): Promise<{ readonly current: number; readonly earliest: number }> {
  const start = await findStart(current, (await current.stat()).size, query.lines, query.level);
  let missing = query.lines - start.found;
  let earliest = 0;
  for (const name of rotatedFiles(path).reverse()) {
    if (missing <= 0) break;
    const file = await open(name, "r").catch(() => null);
    if (file === null) continue;
    const { ino, size } = await file.stat();
    if (ino === inode) {
      await file.close();
      continue;
    }
    earlier.unshift(file);
    const place = await findStart(file, size, missing, query.level);
    missing -= place.found;
    earliest = place.offset;
  }
  return { current: start.offset, earliest };
}

/** Shows the complete lines that there are now. */
export async function showAll(reader: LineReader, level: LogLevel | null, show: (line: string) => void): Promise<void> {
  for await (const line of reader.lines()) showOne(line, level, show);
}

/** Shows the line if it is of the level. */
export function showOne(line: string, level: LogLevel | null, show: (line: string) => void): void {
  if (line !== "" && (level === null || isAtLeast(levelAtHead(line), level))) show(line);
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR")))
      throw thrown;
    throw new ClaudemeshError("not_running", `there is no log at ${path} yet: nothing was started there`, {
      hint: "claudemesh up starts what is missing; claudemesh doctor says what is wrong; a broker in the foreground logs to where its service or container keeps it",
    });
  }
}
