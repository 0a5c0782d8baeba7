import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lifetime, onEnd } from "./on-end.ts";

/** An empty folder of this test's own, with a short name (sockets stand in it), removed when the test ends. */
export function tempFolder(t: Lifetime): string {
  const folder = mkdtempSync(join(tmpdir(), "cm-"));
  onEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
