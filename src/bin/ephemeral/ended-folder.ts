import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { daemonDirs, readDaemonFile } from "../../client/find-daemon.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { isLocked } from "../detached-process.ts";

/** What an end that was no good one leaves: who it was, and its last words. */
const kept = new Set(["mesh.json", "daemon.log"]);
/** The last to go of all others: without it, what is there is all that stays. */
const lastToGo = "start.log";

/** Whether the folder is of a member whose keys are in the memory of its daemon alone; false where nothing says so. */
export function isEphemeral(dir: string): boolean {
  try {
    return readMeshFile(dir).ephemeral === true;
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) return false;
    throw thrown;
  }
}

/**
 * For what works on the files of a member that is to last. To stop its daemon first, which these commands ask for
 * otherwise, would be the end of an ephemeral one.
 */
export function requirePersistent(dir: string): void {
  if (!isEphemeral(dir)) return;
  throw new ClaudemeshError(
    "not_allowed",
    "this member is ephemeral: its keys and messages are in memory alone, and end with its daemon",
    { hint: "a member that is to last is persistent: claudemesh up --persistent" },
  );
}

/** Its folder is there, and its daemon is not: nothing can ever open what it was. */
export function isEnded(dir: string): boolean {
  return isEphemeral(dir) && !isLocked(join(dir, "daemon.lock"));
}

/**
 * Removes the folder of an ephemeral member whose daemon has ended or is about to. It is moved out of the daemons' folder first,
 * in one step: killed at any point, either it is as it was, or no command takes what is left of it for a daemon.
 */
export function removeFolder(dir: string): void {
  const home = dirname(dirname(dir));
  const going = join(goingFolder(home), `${basename(dir)}-${newUuidV7(Date.now())}`);
  const socket = readDaemonFile(dir)?.socket ?? null;
  makePrivateDirectory(goingFolder(home));
  try {
    renameSync(dir, going);
  } catch (thrown) {
    // Its daemon, which ends at this moment, was faster.
    if (existsSync(dir)) throw thrown;
  }
  // One that stood elsewhere, since its path was too long.
  if (socket !== null && dirname(socket) !== dir) rmSync(socket, { force: true });
  clearGoing(home);
}

/** After an end that lost something: `status` shows the last words until the next start of the home removes them too. */
export function keepLastWords(dir: string): void {
  for (const name of readdirSync(dir))
    if (!kept.has(name) && name !== lastToGo) rmSync(join(dir, name), { recursive: true, force: true });
  rmSync(join(dir, lastToGo), { force: true });
}

/** An ephemeral daemon that let go of its lock has cleared its folder too; false while it is about to. */
export function isCleared(dir: string): boolean {
  return !existsSync(join(dir, lastToGo));
}

/** What ephemeral members of a home have left: killed ones everything, others their last words. Call under the launch lock. */
export function removeEnded(home: string): void {
  for (const { dir } of daemonDirs(home)) if (isEnded(dir)) removeFolder(dir);
  clearGoing(home);
}

function goingFolder(home: string): string {
  return join(home, "ended");
}

function clearGoing(home: string): void {
  if (existsSync(goingFolder(home))) rmSync(goingFolder(home), { recursive: true, force: true });
}
