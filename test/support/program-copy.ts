import { appendFileSync, cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "./temp-folder.ts";

/** The program as another version of it, in a folder of its own: what a daemon or broker process may be started from. */
export interface ProgramCopy {
  readonly root: string;
  /** Writes a file that is not there. */
  add(path: string, text: string): void;
  append(path: string, text: string): void;
  /** Throws unless `from` stands in the file exactly once. */
  replace(path: string, from: string, to: string): void;
}

export function programCopy(t: TestContext): ProgramCopy {
  const own = fileURLToPath(new URL("../..", import.meta.url));
  const root = tempFolder(t);
  for (const name of ["src", "migrations", "package.json", "tsconfig.base.json"])
    cpSync(join(own, name), join(root, name), { recursive: true });
  symlinkSync(join(own, "node_modules"), join(root, "node_modules"));
  return {
    root,
    add: (path, text) => writeFileSync(join(root, path), text, { flag: "wx" }),
    append: (path, text) => appendFileSync(join(root, path), text),
    replace(path, from, to) {
      const [before = "", after, ...more] = readFileSync(join(root, path), "utf8").split(from);
      if (after === undefined || more.length > 0) throw new Error(`${path} does not have it once: ${from}`);
      writeFileSync(join(root, path), before + to + after);
    },
  };
}
