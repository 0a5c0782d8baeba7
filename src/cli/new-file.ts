import { randomBytes } from "node:crypto";
import { link, lstat, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flushFolder } from "../base/durable-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** A file that is being made: nobody sees it under its name before all of it is there. */
export interface NewFile {
  readonly path: string;
  write(chunk: Uint8Array): Promise<void>;
  /** It stands under its name, durably. */
  keep(): Promise<void>;
  /** What was not kept goes. */
  drop(): Promise<void>;
}

/**
 * `path`: a file, or with a `name` a folder that is there. What is there already is replaced by force alone. `mode`: that
 * of the new file. Throws already_exists, usage.
 */
export async function openTarget(
  place: { readonly path: string; readonly name: string | null },
  { force, mode = 0o666 }: { readonly force: boolean; readonly mode?: number },
): Promise<NewFile> {
  const path = await pathOf(place);
  if (!force && (await isThere(path))) throw exists(path);
  const draft = join(dirname(path), `.${randomBytes(6).toString("hex")}.part`);
  const file = await open(draft, "wx", mode).catch((thrown: unknown) => {
    throw refused(path, thrown);
  });
  let kept = false;
  return {
    path,
    async write(chunk) {
      try {
        await file.writeFile(chunk);
      } catch (thrown) {
        throw refused(path, thrown);
      }
    },
    async keep() {
      await file.sync();
      try {
        if (force) {
          await rename(draft, path);
          kept = true;
        } else await link(draft, path);
      } catch (thrown) {
        // Made meanwhile by somebody else.
        if (codeOf(thrown) === "EEXIST") throw exists(path);
        // A file system without links.
        if (force || !["EPERM", "ENOTSUP", "ENOSYS"].includes(codeOf(thrown))) throw refused(path, thrown);
        if (await isThere(path)) throw exists(path);
        await rename(draft, path);
        kept = true;
      }
      await flushFolder(dirname(path));
    },
    async drop() {
      await file.close();
      if (!kept) await unlink(draft).catch(() => undefined);
    },
  };
}

async function pathOf({ path, name }: { readonly path: string; readonly name: string | null }): Promise<string> {
  const folder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!folder) return path;
  if (name !== null) return join(path, name);
  throw new ClaudemeshError("usage", `${path} is a folder, and the file's own name is not one to write under`, {
    hint: "name a file: --out PATH",
  });
}

/** Also a link that leads nowhere is there. */
async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function exists(path: string): ClaudemeshError {
  return new ClaudemeshError("already_exists", `${path} is there already; nothing was written`, {
    hint: "name another place with --out, or replace it: --force",
  });
}

function refused(path: string, thrown: unknown): ClaudemeshError {
  const { message } = ClaudemeshError.from(thrown);
  return new ClaudemeshError("usage", `${path} cannot be written: ${message}`, {
    hint: "name another place: --out PATH",
    cause: thrown,
  });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}
