import { readFileSync } from "node:fs";

/** What Linux says of a process in /proc/<pid>/stat. */
export interface ProcessStat {
  /** Its program, as far as the system keeps the name: 15 characters. */
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** In clock ticks since the system was started. */
  readonly start: string;
}

/** null: there is no such process, or no /proc. */
export function processStat(pid: number): ProcessStat | null {
  try {
    return readProcessStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return null;
  }
}

/** The name in brackets may hold anything, brackets and spaces too: the fields are counted from its last bracket. */
export function readProcessStat(text: string): ProcessStat | null {
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  const [state = "", parent, group] = fields;
  const start = fields[19];
  if (end === -1 || start === undefined) return null;
  return { name: text.slice(text.indexOf("(") + 1, end), state, parent: Number(parent), group: Number(group), start };
}

/** It has ended, and only nobody has asked yet how. */
export function isDefunct({ state }: Pick<ProcessStat, "state">): boolean {
  return state === "Z" || state === "X";
}

/** As by Ctrl-Z. */
export function isStopped({ state }: Pick<ProcessStat, "state">): boolean {
  return state === "T" || state === "t";
}
