import type { HostReaders } from "./readers.ts";

/** Of Windows, whose programs are run by their whole path. A variable that names no folder of a drive is not believed. */
export function systemFolder(readers: Pick<HostReaders, "variable">): string {
  const named = readers.variable("SystemRoot");
  const root = named !== null && /^[A-Za-z]:\\[^"<>|*?]+$/.test(named) ? named.replace(/\\+$/, "") : "C:\\Windows";
  return `${root}\\System32`;
}
