import { join } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../../base/atomic-file.ts";
import type { InstallScope } from "../../cli/agent-installer.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import type { Splice } from "../../protocol/splice.ts";

/**
 * What was changed in a file, so that it can be taken back to the byte as long as nobody has changed it since: the changes
 * alone and a hash, never what else stands in it.
 */
export interface InstallRecord {
  readonly kind: string;
  readonly scope: InstallScope;
  readonly created: boolean;
  /** null: it held something of ours already when it was written, so there is no state before. */
  readonly splices: readonly Splice[] | null;
  readonly after: string;
}

export const installRecordsName = "agent-installs.json";

/** By path. Without the file, what is ours is found by its form. */
export function readInstallRecords(home: string): Readonly<Record<string, InstallRecord>> {
  const bytes = readFileIfPresent(join(home, installRecordsName));
  if (bytes === null) return {};
  try {
    const value = JSON.parse(bytes.toString("utf8")) as { readonly files?: Readonly<Record<string, InstallRecord>> };
    return value.files ?? {};
  } catch {
    return {};
  }
}

export function keepInstallRecord(home: string, path: string, record: InstallRecord | null): void {
  const { [path]: _former, ...others } = readInstallRecords(home);
  makePrivateDirectory(home);
  const files = record === null ? others : { ...others, [path]: record };
  writeFileAtomic(join(home, installRecordsName), `${JSON.stringify({ version: 1, files }, null, 2)}\n`);
}
