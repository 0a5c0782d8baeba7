import { createHash, hash } from "node:crypto";
import { chmodSync, createReadStream, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { FolderFile } from "../../base/folder-file.ts";
import { acquireLock, LockedError } from "../../base/lock-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { copyDatabase } from "./copy-database.ts";
import { stableFiles } from "./stable-files.ts";
import type { BackupFile } from "./write-backup.ts";

/** What a backup is made of. */
export interface Snapshot {
  readonly files: readonly BackupFile[];
  /** By the name of the database. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}

/**
 * Gives `use` what a folder holds of these files, whether or not its program runs. The databases are copied beside themselves, where
 * nobody else may read, and the copies are removed afterwards; those that a killed backup has left go first. The files are
 * read after them, so that their keys are as new as what the databases hold. Throws already_running, store_corrupt, timed_out.
 */
export async function withSnapshot<T>(
  dir: string,
  known: readonly FolderFile[],
  options: { readonly messages: boolean },
  use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const lock = lockBackups(dir);
  const copies = join(dir, "backup.tmp");
  try {
    rmSync(copies, { recursive: true, force: true });
    mkdirSync(copies, { mode: 0o700 });
    const names = (kind: "file" | "database", backup: string): string[] =>
      known.filter((file) => file.kind === kind && file.backup === backup).map(({ name }) => name);
    const migrations: Record<string, readonly string[]> = {};
    const databases: BackupFile[] = [];
    for (const name of options.messages ? names("database", "messages") : []) {
      if (!existsSync(join(dir, name))) continue;
      const copy = join(copies, name);
      migrations[name] = await copyDatabase(join(dir, name), copy);
      chmodSync(copy, 0o600);
      databases.push({ name, ...(await measure(copy)), read: () => createReadStream(copy) });
    }
    const files = [...stableFiles(dir, [...names("file", "always"), ...programsIn(dir, known)])].map(
      ([name, bytes]) => ({
        name,
        bytes: bytes.length,
        sha256: hash("sha256", bytes, "hex"),
        read: () => [bytes],
      }),
    );
    return await use({ files: [...files, ...databases], migrations });
  } finally {
    rmSync(copies, { recursive: true, force: true });
    lock.release();
  }
}

/** `folder/name` of the files in folders that a backup takes. What is no file of its own, a link for instance, is not its program. */
function programsIn(dir: string, known: readonly FolderFile[]): string[] {
  return known.flatMap(({ name: folder, programs }) =>
    programs === undefined || !existsSync(join(dir, folder))
      ? []
      : readdirSync(join(dir, folder), { withFileTypes: true })
          .filter((entry) => entry.isFile() && programs(entry.name))
          .map((entry) => `${folder}/${entry.name}`),
  );
}

function lockBackups(dir: string): { release(): void } {
  try {
    return acquireLock(join(dir, "backup.lock"));
  } catch (thrown) {
    if (!(thrown instanceof LockedError)) throw thrown;
    throw new ClaudemeshError("already_running", `another backup of ${dir} is being made`, {
      hint: "wait for it, then try again",
      cause: thrown,
    });
  }
}

async function measure(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const sum = createHash("sha256");
  for await (const part of createReadStream(path)) sum.update(part as Buffer);
  return { bytes: (await stat(path)).size, sha256: sum.digest("hex") };
}
