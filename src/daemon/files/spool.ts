import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { flushFolder, orNull, writeDurably } from "../../base/durable-file.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { fileLimits } from "./file-limits.ts";
import { type PutFile, readPutFile } from "./put-file-record.ts";

/**
 * The folder `files` of a daemon (0700): sealed blobs alone, and no key. `put/<file_id>/` has a file that was handed over here:
 * its sealed chunks by number, its sealed index, and `about.json`; it is made beside and moved there whole. `got/<file_id>/` has
 * blobs that came for a file that is being taken. `tmp/` is empty after a start.
 */
export interface Spool {
  start(): Promise<void>;
  /** A new folder to make a file in. */
  draft(): Promise<string>;
  dropDraft(folder: string): Promise<void>;
  /** The draft becomes the file, durably; of one that is there already it is dropped. */
  keep(folder: string, about: PutFile): Promise<PutFile>;
  file(fileId: string): PutFile | null;
  files(): readonly PutFile[];
  /** Replaces what is noted of a file. */
  note(about: PutFile): Promise<void>;
  /** A sealed chunk by its number, or the index; null: it is not here. */
  putBlob(fileId: string, place: Place): Promise<Buffer | null>;
  gotBlob(fileId: string, place: Place): Promise<Buffer | null>;
  /** Kept for the next try; where there is no room, it is not. */
  keepGot(fileId: string, place: Place, sealed: Uint8Array): Promise<void>;
  dropGot(fileId: string): Promise<void>;
  /** Takes room for so many bytes more. Throws files_full. Given back by {@link Spool.release}, or with what is removed. */
  reserve(bytes: number): Promise<void>;
  release(bytes: number): void;
  bytes(): number;
  /** Removes what nobody needs any more. Returns how many files. */
  prune(): Promise<number>;
}

export type Place = number | "index";

export interface SpoolOptions {
  readonly folder: string;
  /** Read at each use: it may change. */
  readonly bytesMax: number;
  readonly clock: Clock;
  /** Files that messages carry which are not yet sent. */
  readonly inUse: () => ReadonlySet<string>;
}

export function createSpool(options: SpoolOptions): Spool {
  const { folder, clock, inUse } = options;
  const path = (...names: string[]): string => join(folder, ...names);
  const files = new Map<string, PutFile>();
  /** Of put files by their notes; of everything else as it comes and goes. */
  let held = 0;
  const got = new Map<string, number>();

  async function removeFile({ file_id, sealed_bytes }: PutFile): Promise<void> {
    files.delete(file_id);
    // Moved away first: one that is half removed would be taken for a whole one after a crash.
    const going = path("tmp", randomUUID());
    await orNull(rename(path("put", file_id), going));
    await rm(going, { recursive: true, force: true });
    held -= sealed_bytes;
  }

  function unused(): PutFile[] {
    const used = inUse();
    return [...files.values()].filter(({ file_id }) => !used.has(file_id)).sort((a, b) => a.used_at - b.used_at);
  }

  async function dropGot(fileId: string): Promise<void> {
    const bytes = got.get(fileId) ?? 0;
    got.delete(fileId);
    held -= bytes;
    await rm(path("got", fileId), { recursive: true, force: true });
  }

  /** Oldest first: blobs that would only spare a second way, then files that went out. */
  async function makeRoom(bytes: number): Promise<boolean> {
    for (const fileId of [...got.keys()]) {
      if (held + bytes <= options.bytesMax) return true;
      await dropGot(fileId);
    }
    for (const file of unused()) {
      if (held + bytes <= options.bytesMax && files.size < fileLimits.filesMax) return true;
      // Handed over a moment ago, its message is about to be.
      if (file.used_at > clock.now() - fileLimits.unfinishedMs && file.uploaded_at === null) continue;
      await removeFile(file);
    }
    return held + bytes <= options.bytesMax && files.size < fileLimits.filesMax;
  }

  const spool: Spool = {
    async start() {
      makePrivateDirectory(folder);
      await rm(path("tmp"), { recursive: true, force: true });
      for (const name of ["tmp", "put", "got"]) await mkdir(path(name), { recursive: true, mode: 0o700 });
      for (const fileId of await readdir(path("put"))) {
        const about = readPutFile(await orNull(readFile(path("put", fileId, "about.json"), "utf8")));
        if (about === null || about.file_id !== fileId) {
          await rm(path("put", fileId), { recursive: true, force: true });
          continue;
        }
        files.set(fileId, about);
        held += about.sealed_bytes;
      }
      for (const fileId of await readdir(path("got"))) {
        let bytes = 0;
        for (const name of await readdir(path("got", fileId))) bytes += (await stat(path("got", fileId, name))).size;
        got.set(fileId, bytes);
        held += bytes;
      }
    },
    async draft() {
      const made = path("tmp", randomUUID());
      await mkdir(made, { mode: 0o700 });
      return made;
    },
    dropDraft: (made) => rm(made, { recursive: true, force: true }),
    async keep(made, about) {
      await writeDurably(join(made, "about.json"), Buffer.from(JSON.stringify(about)));
      await flushFolder(made);
      const known = files.get(about.file_id);
      if (known !== undefined) {
        await spool.dropDraft(made);
        const again = { ...known, name: about.name, content_type: about.content_type, used_at: about.used_at };
        await spool.note(again);
        held -= about.sealed_bytes;
        return again;
      }
      files.set(about.file_id, about);
      try {
        await rename(made, path("put", about.file_id));
        // Crash here: the file is there or not, and nobody was told of it yet.
        await flushFolder(path("put"));
      } catch (thrown) {
        files.delete(about.file_id);
        throw thrown;
      }
      return about;
    },
    file: (fileId) => files.get(fileId) ?? null,
    files: () => [...files.values()],
    async note(about) {
      if (!files.has(about.file_id)) return;
      files.set(about.file_id, about);
      await replaceDurably(path("put", about.file_id), "about.json", Buffer.from(JSON.stringify(about)));
    },
    putBlob: (fileId, place) => orNull(readFile(path("put", fileId, String(place)))),
    async gotBlob(fileId, place) {
      const sealed = await orNull(readFile(path("got", fileId, String(place))));
      if (sealed !== null) await orNull(touch(path("got", fileId), clock.now()));
      return sealed;
    },
    async keepGot(fileId, place, sealed) {
      if (held + sealed.length > options.bytesMax) return;
      held += sealed.length;
      got.set(fileId, (got.get(fileId) ?? 0) + sealed.length);
      try {
        await mkdir(path("got", fileId), { recursive: true, mode: 0o700 });
        await replaceDurably(path("got", fileId), String(place), sealed);
        await touch(path("got", fileId), clock.now());
      } catch (thrown) {
        held -= sealed.length;
        got.set(fileId, (got.get(fileId) ?? 0) - sealed.length);
        throw thrown;
      }
    },
    dropGot,
    async reserve(bytes) {
      if ((held + bytes > options.bytesMax || files.size >= fileLimits.filesMax) && !(await makeRoom(bytes))) {
        throw new ClaudemeshError(
          "files_full",
          "the files that this host keeps until they are sent take all their room",
          {
            hint: "claudemesh status shows whether messages go out; more room: claudemesh config set files.spool_bytes_max",
            details: { bytes_max: options.bytesMax },
          },
        );
      }
      held += bytes;
    },
    release(bytes) {
      held -= bytes;
    },
    bytes: () => held,
    async prune() {
      const now = clock.now();
      let pruned = 0;
      for (const file of unused()) {
        if (file.used_at > now - fileLimits.unusedMs) break;
        await removeFile(file);
        pruned += 1;
      }
      for (const fileId of [...got.keys()]) {
        const at = (await orNull(stat(path("got", fileId))))?.mtimeMs ?? 0;
        if (at > now - fileLimits.unfinishedMs) continue;
        await dropGot(fileId);
        pruned += 1;
      }
      return pruned;
    },
  };
  return spool;
}

async function replaceDurably(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const draft = join(folder, `${name}.${randomUUID()}.tmp`);
  try {
    await writeDurably(draft, bytes);
    await rename(draft, join(folder, name));
  } catch (thrown) {
    await unlink(draft).catch(() => undefined);
    throw thrown;
  }
  await flushFolder(folder);
}

async function touch(path: string, nowMs: number): Promise<void> {
  await utimes(path, nowMs / 1_000, nowMs / 1_000);
}
