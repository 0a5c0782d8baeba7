import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Content } from "./demo-content.ts";

/** A database splits what is long over its pages, but not a beginning of this length; a multiple of 3, so that base64 ends with it. */
const beginningBytes = 48;
/** What is shorter stands in any file by chance. */
const beginningBytesMin = 12;

/** How many of the contents stand in some file under a folder, as they are or in base64, and how many were looked for. */
export function countInClear(
  folder: string,
  contents: readonly Content[],
): { readonly found: number; readonly of: number } {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  const wanted = contents.filter(({ bytes }) => bytes.length >= beginningBytesMin);
  const found = wanted.filter(({ bytes }) => {
    const length = Math.min(bytes.length, beginningBytes);
    const beginning = bytes.subarray(0, length - (length % 3));
    const forms = [beginning, Buffer.from(beginning.toString("base64url")), Buffer.from(beginning.toString("base64"))];
    return files.some((file) => forms.some((form) => file.includes(form)));
  });
  return { found: found.length, of: wanted.length };
}
