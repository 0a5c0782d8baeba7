import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { checkout, type LanguageName } from "../languages.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** What of the repository an SDK and its adapters need, copied, so that it can be broken. */
export interface CopiedCheckout {
  readonly root: string;
  /** Returns what takes it out again. Throws where its search text does not stand exactly once: then it tests nothing. */
  plant(bug: PlantedBug): () => void;
  remove(): void;
}

const needed: Readonly<Record<LanguageName, readonly string[]>> = {
  typescript: ["src/base", "src/protocol", "src/client", "scripts", "package.json", "package-lock.json"],
  python: ["sdk/python"],
  go: ["sdk/go"],
};
/** What builds and tests leave behind. */
const leftBehind = /^(\.build|\.venv|__pycache__|\.pytest_cache|\.ruff_cache|dist|build)$/;

export function copyCheckout(language: LanguageName): CopiedCheckout {
  const root = mkdtempSync(join(tmpdir(), "cm-planted-"));
  for (const path of [...needed[language], `conformance/adapters/${language}`])
    cpSync(join(checkout, path), join(root, path), {
      recursive: true,
      filter: (source) => !leftBehind.test(basename(source)),
    });
  if (language === "typescript") symlinkSync(join(checkout, "node_modules"), join(root, "node_modules"));
  return {
    root,
    plant({ name, file, find, replace }) {
      const path = join(root, file);
      const sound = readFileSync(path, "utf8");
      const times = sound.split(find).length - 1;
      if (times !== 1)
        throw new Error(`"${name}": its search text stands ${times} times in ${file}, not once: ${find}`);
      // A function, since in a text "$&" would mean something.
      writeFileSync(
        path,
        sound.replace(find, () => replace),
      );
      return () => writeFileSync(path, sound);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
