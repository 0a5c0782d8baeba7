import { join } from "node:path";
import type { FolderFile } from "../../base/folder-file.ts";
import { type Check, ok } from "./check.ts";
import { fileFaults, folderFaults } from "./file-rules.ts";

/** Whether a folder and the files in it that hold something are of the right kind and this user's alone. */
export function filesCheck<Site extends { readonly dir: string }>(files: readonly FolderFile[]): Check<Site> {
  const withContent = files.filter(({ kind }) => kind === "file" || kind === "database");
  return {
    name: "files",
    run(host, { dir }) {
      const faults = [
        ...folderFaults(host, dir),
        ...withContent.flatMap(({ name, secret }) => fileFaults(host, join(dir, name), secret)),
      ];
      return faults.length > 0 ? faults : [ok(`the files in ${dir} belong to this user alone`)];
    },
  };
}
