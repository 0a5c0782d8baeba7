/** What a look at a file tells. `uid` and `mode` as the system numbers them. */
export interface FileLook {
  readonly isFile: boolean;
  readonly uid: number;
  readonly mode: number;
}

export type HookFileFault = "not_a_file" | "other_owner" | "writable" | "not_executable";

const groupOrOthersWrite = 0o022;
const ownerExecutes = 0o100;

/**
 * Why an executable under hooks/ is not run; null: it may be. Whoever can change it could have anything done as this user.
 * `ownUid` null: on Windows, where files have no owner by number and the ending of the name decides what is executable.
 */
export function hookFileFault({ isFile, uid, mode }: FileLook, ownUid: number | null): HookFileFault | null {
  if (!isFile) return "not_a_file";
  if (ownUid === null) return null;
  if (uid !== ownUid) return "other_owner";
  if ((mode & groupOrOthersWrite) !== 0) return "writable";
  return (mode & ownerExecutes) === 0 ? "not_executable" : null;
}

/** The same of what its faults would also reach through: hooks/ itself, and hooks.toml. */
export function changeableByOthers({ uid, mode }: Omit<FileLook, "isFile">, ownUid: number | null): boolean {
  return ownUid !== null && (uid !== ownUid || (mode & groupOrOthersWrite) !== 0);
}
