import { join } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../base/atomic-file.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** Version of a daemon directory as a whole. Each database counts its own migrations beside it. */
export const schemaVersion = 1;

/** Notes the version in `dir`, or refuses a directory that a newer program has written. */
export function checkSchemaVersion(dir: string): void {
  const path = join(dir, "schema_version");
  const found = readFileIfPresent(path)?.toString("utf8").trim() ?? null;
  if (found === null) {
    writeFileAtomic(path, `${schemaVersion}\n`);
    return;
  }
  if (!/^\d{1,9}$/.test(found)) {
    throw new ClaudemeshError("invalid_config", `${path} does not hold a version`, {
      hint: "put the file back from a backup",
    });
  }
  if (Number(found) > schemaVersion) {
    throw new ClaudemeshError(
      "schema_newer",
      `${dir} was written by a newer claudemesh (schema ${found}, this one knows ${schemaVersion})`,
      {
        hint: "install that version or a later one",
      },
    );
  }
}
