import { join } from "node:path";
import { type Check, ok } from "./check.ts";
import { fileFaults, folderFaults } from "./file-rules.ts";

/** Whether a folder and the files of these names in it are of the right kind and this user's alone. */
export function filesCheck<Site extends { readonly dir: string }>(names: {
  /** Nothing starts while others can read these. */
  readonly secrets: readonly string[];
  readonly files: readonly string[];
}): Check<Site> {
  return {
    name: "files",
    run(host, { dir }) {
      const faults = [
        ...folderFaults(host, dir),
        ...names.secrets.flatMap((name) => fileFaults(host, join(dir, name), true)),
        ...names.files.flatMap((name) => fileFaults(host, join(dir, name), false)),
      ];
      return faults.length > 0 ? faults : [ok(`the files in ${dir} belong to this user alone`)];
    },
  };
}
