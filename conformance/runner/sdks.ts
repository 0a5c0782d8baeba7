import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A client library, as its driver shows it. */
export interface Sdk {
  readonly name: "typescript" | "python" | "python-asyncio" | "go";
  /** Starts its driver. */
  readonly command: readonly string[];
  /** Why it cannot be driven on this machine; null: it can. */
  readonly missing: string | null;
}

const adapters = fileURLToPath(new URL("../adapters/", import.meta.url));

/** Every one, in the order of the reports. */
export const sdks: readonly Sdk[] = [
  { name: "typescript", command: [join(adapters, "typescript/drive")], missing: null },
  sdk("python", "python", [], () => lacks("python3", [])),
  sdk("python-asyncio", "python", ["--asyncio"], () => lacks("python3", [])),
  sdk("go", "go", [], () => lacks("go", ["/usr/local/go/bin"])),
];

function sdk(name: Sdk["name"], folder: string, args: readonly string[], missing: () => string | null): Sdk {
  return { name, command: [join(adapters, folder, "drive"), ...args], missing: missing() };
}

function lacks(program: string, folders: readonly string[]): string | null {
  const found = [...(process.env["PATH"] ?? "").split(delimiter), ...folders].some((folder) =>
    existsSync(join(folder, program)),
  );
  return found ? null : `${program} is not installed`;
}
