import { pathToFileURL } from "node:url";

/** What a load of messages came to. */
export interface LoadFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which `share` of the samples lie (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median of at least three runs is what gets quoted. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Writes a Markdown table to standard output. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |\n`;
  process.stdout.write(
    `${line(head)}|${widths.map((width) => "-".repeat(width + 2)).join("|")}|\n${rows.map(line).join("")}`,
  );
}

/** Whether the module of this URL is the program that was started. */
export function isMain(moduleUrl: string): boolean {
  const started = process.argv[1];
  return started !== undefined && pathToFileURL(started).href === moduleUrl;
}
