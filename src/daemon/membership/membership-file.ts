import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { applyEntry, beginChain } from "../../protocol/membership/apply-entry.ts";
import { entryText, type MembershipEntry } from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";
import type { MembershipState } from "../../protocol/membership/state.ts";
import { requirePrivate } from "../identity/private-file.ts";
import { type ChainDisk, readRange, systemDisk, withFile } from "./chain-disk.ts";

/**
 * membership.jsonl: the chain that this home has pinned, one canonical entry a line, in order. It only ever grows, by whole
 * lines; what stands in it is what this member believes, whatever a broker says.
 */
export interface MembershipFile {
  /** Of all that it holds, verified again when it was opened. */
  readonly state: MembershipState;
  /** Above a place (-1: all), in order. */
  entries(after: number, limit: number): readonly MembershipEntry[];
  /** On disk when it returns. When it throws, none of them counts, whatever of them reached the disk. */
  append(entries: readonly MembershipEntry[]): void;
}

/**
 * The same of a member that keeps nothing on disk: what it believes ends with its process. Every entry is verified. Throws
 * what applyEntry does.
 */
export function chainInMemory(entries: readonly MembershipEntry[], meshId: string): MembershipFile {
  const [first, ...rest] = entries;
  if (first === undefined) throw new ClaudemeshError("membership_invalid", "a chain has at least one entry");
  const state = beginChain(readEntry(first), meshId);
  for (const entry of rest) applyEntry(state, readEntry(entry));
  const held = [...entries];
  return {
    state,
    entries: (after, limit) => held.slice(after + 1, after + 1 + Math.max(0, limit)),
    append: (more) => void held.push(...more),
  };
}

export function membershipPath(dir: string): string {
  return join(dir, "membership.jsonl");
}

/** Pins a chain that was verified: for joining and founding. Replaces what is there in one step. */
export function writeChain(dir: string, entries: readonly MembershipEntry[]): void {
  writeFileAtomic(membershipPath(dir), entries.map(line).join(""));
}

/**
 * The chain of a home; null: it has pinned none. A last line that a crash has torn is dropped: its entry was not in force
 * yet, and the broker tells it again. Whatever else is wrong is refused, since only this file tells a broker's true
 * membership from a forged one. Throws store_corrupt, or membership_newer for what a later program has written.
 */
export function openMembershipFile(
  dir: string,
  meshId: string,
  log: Log,
  disk: ChainDisk = systemDisk,
): MembershipFile | null {
  const path = membershipPath(dir);
  if (!existsSync(path)) return null;
  requirePrivate(path);
  const { state, starts, end } = readChain(path, meshId, log);
  return appendable(path, state, starts, end, disk);
}

function appendable(
  path: string,
  state: MembershipState,
  starts: number[],
  opened: number,
  disk: ChainDisk,
): MembershipFile {
  let end = opened;
  return {
    state,
    entries(after, limit) {
      const [from, to] = [starts[after + 1], starts[after + 1 + limit] ?? end];
      if (from === undefined || limit <= 0) return [];
      const texts = readRange(path, from, to).toString("utf8").trimEnd().split("\n");
      return texts.map((text) => JSON.parse(text) as MembershipEntry);
    },
    append(entries) {
      const lines = entries.map((entry) => Buffer.from(line(entry), "utf8"));
      const bytes = Buffer.concat(lines);
      withFile(path, "r+", (file) => {
        // What an attempt that failed has left behind the last whole line goes first: nothing is ever written over it.
        disk.truncate(file, end);
        for (let written = 0; written < bytes.length; )
          written += disk.write(file, bytes.subarray(written), end + written);
        // Killed before here, the next start finds whole lines, perhaps a torn one: either way a chain that holds.
        disk.sync(file);
      });
      for (const { length } of lines) {
        starts.push(end);
        end += length;
      }
    },
  };
}

function readChain(
  path: string,
  meshId: string,
  log: Log,
): { readonly state: MembershipState; readonly starts: number[]; readonly end: number } {
  const bytes = readFileSync(path);
  const starts: number[] = [];
  let state: MembershipState | null = null;
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(0x0a, at);
    const next = newline < 0 ? bytes.length : newline + 1;
    const entry = newline < 0 ? null : parseLine(bytes.subarray(at, newline));
    // Only the first line is written together with the file, so it is never torn.
    if (entry === null && next === bytes.length && state !== null) {
      log.warn({ path, line: starts.length + 1, bytes: next - at }, "a torn last line of the membership is dropped");
      break;
    }
    if (entry === null) throw damaged(path, starts.length + 1, "it is not an entry");
    state = follow(state, entry, path, starts.length + 1, meshId);
    starts.push(at);
    at = next;
  }
  if (state === null) throw damaged(path, 1, "it is empty");
  return { state, starts, end: at };
}

/** null: no JSON, as a crash leaves it. */
function parseLine(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as unknown;
  } catch {
    return null;
  }
}

function follow(
  state: MembershipState | null,
  value: unknown,
  path: string,
  lineNumber: number,
  meshId: string,
): MembershipState {
  try {
    const entry = readEntry(value);
    if (state === null) return beginChain(entry, meshId);
    applyEntry(state, entry);
    return state;
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    if (error.code === "membership_newer") throw error;
    throw damaged(path, lineNumber, error.message, thrown);
  }
}

function damaged(path: string, lineNumber: number, what: string, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError("store_corrupt", `${path} is damaged at line ${lineNumber}: ${what}`, {
    hint:
      lineNumber === 1
        ? `put the file back from a backup; or mv ${path} ${path}.damaged, then join again with a new invite, which keeps name and keys: claudemesh join LINK`
        : `put the file back from a backup; or sed -i.damaged '${lineNumber},$d' ${path}, and what stood there is asked of the broker again`,
    cause,
  });
}

function line(entry: MembershipEntry): string {
  return `${entryText(entry)}\n`;
}
