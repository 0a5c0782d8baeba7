import { existsSync, readFileSync } from "node:fs";

/** What the environment is told by. Tests show it any host. */
export interface EnvironmentReaders {
  /** null: not set. */
  variable(name: string): string | null;
  exists(path: string): boolean;
  /** null: it is not there, or may not be read. */
  text(path: string): string | null;
}

export function systemReaders(env: Readonly<Record<string, string | undefined>>): EnvironmentReaders {
  return {
    variable: (name) => env[name] ?? null,
    exists: existsSync,
    text(path) {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return null;
      }
    },
  };
}
