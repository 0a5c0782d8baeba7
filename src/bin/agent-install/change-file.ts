import { createHash } from "node:crypto";
import { chownSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import type { InstallScope } from "../../cli/agent-installer.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { SettingsFile } from "./agent-writer.ts";
import { type InstallRecord, keepInstallRecord, readInstallRecords } from "./install-records.ts";
import { type Splice, spliced } from "../../protocol/splice.ts";

/** A file of another program may be written by that one at the same moment; then it is read again. */
const attemptsMax = 5;
const fileBytesMax = 67_108_864;

export interface FileChange {
  readonly home: string;
  readonly file: SettingsFile;
  readonly what: "install" | "uninstall";
  readonly kind: string;
  readonly scope: InstallScope;
  readonly dryRun: boolean;
}

export interface FileChanged {
  readonly change: "created" | "changed" | "removed" | "unchanged";
  /** null: there is, or was, no such file. */
  readonly before: string | null;
  readonly after: string | null;
}

export function changeFile(request: FileChange): FileChanged {
  for (let attempt = 1; ; attempt += 1) {
    const path = targetOf(request.file.path);
    const before = textOf(path);
    const planned =
      request.what === "install" ? planInstall(request, path, before) : planUninstall(request, path, before);
    if (request.dryRun || planned.change === "unchanged") return planned;
    if (textOf(path) !== before) {
      if (attempt < attemptsMax) continue;
      throw new ClaudemeshError("store_unavailable", `${path} is being written by another program all the time`, {
        hint: "end the coding agent's sessions, then run the same command again",
      });
    }
    write(path, planned.after, request.file.mode);
    keepInstallRecord(request.home, path, planned.record);
    return planned;
  }
}

interface Planned extends FileChanged {
  readonly record: InstallRecord | null;
}

function planInstall({ home, file, kind, scope }: FileChange, path: string, before: string | null): Planned {
  const text = before ?? file.empty;
  const splices = file.install(text);
  const former = readInstallRecords(home)[path] ?? null;
  if (splices.length === 0) return { change: "unchanged", before, after: before, record: former };
  const after = splices.reduce(spliced, text);
  const follows = former !== null && before !== null && former.after === hash(before);
  return {
    change: before === null ? "created" : "changed",
    before,
    after,
    record: {
      kind,
      scope,
      created: before === null || (former?.created ?? false),
      splices: follows
        ? former.splices === null
          ? null
          : [...former.splices, ...splices]
        : untouched(file, text)
          ? splices
          : null,
      after: hash(after),
    },
  };
}

function untouched(file: SettingsFile, text: string): boolean {
  return isDeepStrictEqual(file.uninstall(text), []);
}

function planUninstall({ home, file }: FileChange, path: string, before: string | null): Planned {
  if (before === null) return { change: "unchanged", before, after: null, record: null };
  const former = readInstallRecords(home)[path] ?? null;
  const splices =
    former?.splices != null && former.after === hash(before) ? undoing(former.splices) : file.uninstall(before);
  if (splices.length === 0) return { change: "unchanged", before, after: before, record: null };
  const after = splices.reduce(spliced, before);
  const goes = former?.created === true && after.trim() === file.empty.trim();
  return { change: goes ? "removed" : "changed", before, after: goes ? null : after, record: null };
}

function undoing(splices: readonly Splice[]): Splice[] {
  return splices.toReversed().map(({ at, remove, insert }) => ({ at, remove: insert, insert: remove }));
}

/** The file that a link leads to: what somebody keeps elsewhere stays there. */
function targetOf(path: string): string {
  let link = false;
  try {
    link = lstatSync(path).isSymbolicLink();
  } catch {
    return path;
  }
  if (!link) return path;
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path} is a link to nothing`, {
      hint: `make the file that it leads to, or remove ${path}; then run the same command again`,
      cause,
    });
  }
}

function textOf(path: string): string | null {
  const bytes = readIfFile(path);
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ClaudemeshError("invalid_config", `${path} is not UTF-8`, {
      hint: `nothing was changed; correct ${path}, then run the same command again`,
      cause,
    });
  }
}

function readIfFile(path: string): Buffer | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.isFile() && found.size <= fileBytesMax) return readFileSync(path);
  throw new ClaudemeshError("invalid_config", `${path} is ${found.isFile() ? "too large" : "not a file"}`, {
    hint: `nothing was changed; look at ${path}`,
  });
}

function write(path: string, text: string | null, mode: number): void {
  if (text === null) return rmSync(path);
  mkdirSync(dirname(path), { recursive: true });
  const found = statSync(path, { throwIfNoEntry: false });
  writeFileAtomic(path, text, found === undefined ? mode : found.mode & 0o777);
  // By root it would be root's now, and the coding agent of its user could not read it any more.
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = found ?? statSync(dirname(path));
  chownSync(path, uid, gid);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
