import { fstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { bodyBytesMax } from "../protocol/envelope.ts";
import { limits } from "../protocol/limits.ts";

/** Something real to send: a file of the checkout, or what was piped in. */
export interface Content {
  /** Path under the checkout, or `standard input`. */
  readonly label: string;
  readonly bytes: Buffer;
}

/** Files of the checkout at `root`, in a fixed order: README first, then documents, then sources from all parts. */
export function checkoutFiles(root: string, count: number): Content[] {
  const documents = [...walk(root, "docs", ".md")];
  const sources = [...walk(root, "src", ".ts"), ...walk(root, "migrations", ".sql")];
  const wanted = Math.max(1, count - 1 - Math.min(documents.length, Math.floor(count / 3)));
  const step = Math.max(1, Math.floor(sources.length / wanted));
  const paths = [
    join(root, "README.md"),
    ...documents.slice(0, Math.floor(count / 3)),
    ...sources.filter((_, index) => index % step === 0),
    ...documents,
    ...sources,
  ];
  const found = new Map<string, Content>();
  for (const path of paths) {
    if (found.size === count) break;
    const content = readContent(root, path);
    if (content !== null) found.set(path, content);
  }
  return [...found.values()];
}

function* walk(root: string, folder: string, ending: string): Generator<string> {
  let entries: { name: string; parentPath: string; isFile(): boolean }[];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  } catch {
    return;
  }
  for (const entry of entries.sort((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))) {
    if (entry.isFile() && entry.name.endsWith(ending)) yield join(entry.parentPath, entry.name);
  }
}

function readContent(root: string, path: string): Content | null {
  try {
    const bytes = readFileSync(path);
    return bytes.length > 0 && bytes.length <= bytesMax ? { label: relative(root, path), bytes } : null;
  } catch {
    return null;
  }
}

const bytesMax = bodyBytesMax(limits.inlineBytes);

/** Whoever pipes something in has this long to do so; a pipe that stays open and silent is not waited for. */
const inputWaitMs = 1_000;

/** What was piped in, at most one message's worth; null for a terminal, /dev/null, and a silent pipe. */
export async function pipedInput(): Promise<Content | null> {
  if (!isPiped()) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { stdin } = process;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, inputWaitMs);
    stdin.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < bytesMax) return;
      clearTimeout(timer);
      resolve();
    });
    for (const end of ["end", "error", "close"]) {
      stdin.on(end, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
  stdin.removeAllListeners("data");
  stdin.destroy();
  return bytes === 0 ? null : { label: "standard input", bytes: Buffer.concat(chunks).subarray(0, bytesMax) };
}

function isPiped(): boolean {
  try {
    const found = fstatSync(0);
    return found.isFIFO() || found.isFile() || found.isSocket();
  } catch {
    return false;
  }
}
