import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Processes whose words, or whose environment, have some text in them. */
export interface ProcessesWith {
  readonly words: readonly number[];
  readonly environment: readonly number[];
}

/** A host that has more is looked at as far as that. */
const processesMax = 20_000;

/** Looked for where the system shows them as files (Linux); elsewhere nothing is found. An environment is shown to its own user alone. */
export function processesWith(text: string, folder = "/proc"): ProcessesWith {
  const found = { words: [] as number[], environment: [] as number[] };
  for (const pid of pids(folder).slice(0, processesMax)) {
    if (has(join(folder, pid, "cmdline"), text)) found.words.push(Number(pid));
    if (has(join(folder, pid, "environ"), text)) found.environment.push(Number(pid));
  }
  return found;
}

function pids(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** False also where the process has ended, or is another user's. */
function has(path: string, text: string): boolean {
  try {
    return readFileSync(path).includes(text);
  } catch {
    return false;
  }
}
