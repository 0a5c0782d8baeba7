import { existsSync } from "node:fs";
import { join } from "node:path";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isLocked } from "../detached-process.ts";
import { stopDaemon } from "../launch-daemon.ts";
import type { MeshFolder } from "./removal-plan.ts";

/** Stops the daemon of a folder that is to go, even of one whose files do not say any more who it is. Throws timed_out. */
export async function stopForRemoval(home: string, { dir }: MeshFolder): Promise<void> {
  try {
    await stopDaemon(home, dir);
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    const lock = join(dir, "daemon.lock");
    if (error.code !== "invalid_config" || (existsSync(lock) && isLocked(lock))) throw error;
  }
}
