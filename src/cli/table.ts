import { unbroken } from "./printable.ts";

/** Rows as aligned columns, the first row being the head. Cells are plain text; the last column is not padded. */
export function table(written: readonly (readonly string[])[]): string[] {
  const rows = written.map((row) => row.map(unbroken));
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
