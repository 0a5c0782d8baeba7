import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { changeableByOthers, type HookFileFault, hookFileFault } from "./hook-file-rules.ts";

/** An executable that may be run: open, so that what is run is what was looked at. Whoever gets it closes it. */
export type OpenedHook =
  | { readonly path: string; readonly fd: number }
  | { readonly path: string; readonly fault: string };

const words: Readonly<Record<HookFileFault, string>> = {
  not_a_file: "is not a file of its own",
  other_owner: "belongs to another user",
  writable: "can be written by others",
  not_executable: "is not executable",
};

/**
 * Opens `hooks/<hook>` and looks at what was opened, never at a name that may mean something else a moment later. No link is
 * followed; what could make somebody wait, a pipe for instance, is not waited for.
 */
export function openHook(folder: string, hook: string): OpenedHook {
  const path = join(folder, hook);
  const ownUid = process.getuid?.() ?? null;
  const unfit = folderFault(folder, ownUid);
  if (unfit !== null) return { path, fault: unfit };
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    return { path, fault: `${path} ${openFault(thrown)}` };
  }
  const found = fstatSync(fd);
  const fault = hookFileFault({ isFile: found.isFile(), uid: found.uid, mode: found.mode }, ownUid);
  if (fault === null) return { path, fd };
  closeSync(fd);
  return { path, fault: `${path} ${words[fault]}` };
}

/** Why it would not be run as it is; null: it would. */
export function faultOfHook(folder: string, hook: string): string | null {
  const opened = openHook(folder, hook);
  if ("fault" in opened) return opened.fault;
  closeSync(opened.fd);
  return null;
}

/** Who may write in the folder may put another program in the place of any hook. */
function folderFault(folder: string, ownUid: number | null): string | null {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return `there is no folder ${folder}`;
  if (!found.isDirectory()) return `${folder} is not a folder`;
  return changeableByOthers(found, ownUid) ? `${folder} can be changed by others` : null;
}

function openFault(thrown: unknown): string {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "is not there";
    case "ELOOP":
      return "is a link, not a file of its own";
    case "EACCES":
      return "cannot be read by this user";
    default:
      return `cannot be opened: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
