import { writeFileSync } from "node:fs";
import { kinds, restore, shownPath, snapshotsOf } from "./snapshots.ts";
import { shownOf } from "./shown.ts";

/**
 * Writes beside each snapshot what this program shows of it. What changes by it is the same as a change of the local API: it is to be
 * read like one, since it says that a message, or what became of it, looks otherwise after an update.
 */
for (const kind of kinds)
  for (const name of snapshotsOf(kind)) {
    using restored = restore(kind, name);
    writeFileSync(shownPath(kind, name), `${JSON.stringify(await shownOf(kind, restored.path), null, 2)}\n`);
  }
