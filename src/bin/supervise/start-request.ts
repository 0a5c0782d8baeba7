import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";

/** What a command hands to the supervisor of the home instead of starting a daemon beside it. */
export interface StartRequest {
  readonly dial: "at_once" | "after_end";
  readonly at: number;
}

/** Whoever made an older one waits no more. */
export const requestAgeMaxMs = 60_000;

/** Beside the daemon's folder, where the supervisor watches one folder for all of them. */
export function startRequestPath(dir: string): string {
  return join(dirname(dir), `start-${basename(dir)}.json`);
}

export function writeStartRequest(dir: string, request: StartRequest): void {
  writeFileAtomic(startRequestPath(dir), `${JSON.stringify(request)}\n`);
}

/** null: none, or one that was made too long ago or cannot be read, which is removed. */
export function readStartRequest(dir: string, now: number): StartRequest | null {
  const path = startRequestPath(dir);
  if (!existsSync(path)) return null;
  try {
    const { dial, at } = JSON.parse(readFileSync(path, "utf8")) as Partial<Record<keyof StartRequest, unknown>>;
    if ((dial === "at_once" || dial === "after_end") && typeof at === "number" && Math.abs(now - at) < requestAgeMaxMs)
      return { dial, at };
  } catch {
    // As if it were too old.
  }
  removeStartRequest(dir);
  return null;
}

export function removeStartRequest(dir: string): void {
  rmSync(startRequestPath(dir), { force: true });
}
