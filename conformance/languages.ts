import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A language that there is an SDK for. */
export interface Language {
  readonly name: LanguageName;
  /** Why its adapter cannot be run on this machine; null: it can. */
  readonly missing: string | null;
}

export type LanguageName = "typescript" | "python" | "go";

/** The repository, or a copy of it. */
export const checkout = fileURLToPath(new URL("..", import.meta.url));

/** All of them, in the order of the reports. */
export const languages: readonly Language[] = [
  { name: "typescript", missing: null },
  { name: "python", missing: lacks("python3", []) },
  { name: "go", missing: lacks("go", ["/usr/local/go/bin"]) },
];

/** Starts the adapter of a language in a checkout. */
export function adapterCommand(name: LanguageName, root: string = checkout): readonly string[] {
  return [join(root, "conformance/adapters", name, "run")];
}

/** Starts the second implementation as an adapter. */
export const referenceCommand: readonly string[] = ["python3", join(checkout, "conformance/reference.py")];

function lacks(program: string, folders: readonly string[]): string | null {
  const found = [...(process.env["PATH"] ?? "").split(delimiter), ...folders].some((folder) =>
    existsSync(join(folder, program)),
  );
  return found ? null : `${program} is not installed: CONTRIBUTING.md, "What the tests need"`;
}
