import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { daemonFiles } from "../src/daemon/daemon-files.ts";

/** Rows of the table of files: each name of a daemon's folder with what the page says of backing it up. */
function rowsOf(page: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [, names = "", backup = ""] of page.matchAll(/^\| (`daemon\/<mesh>\/[^|]+) \|[^|]+\| ([^|]+) \|$/gm))
    for (const [, name = ""] of names.matchAll(/`([^`]+)`/g))
      rows.set(name.replace("daemon/<mesh>/", "").replace(/\/$/, ""), backup);
  return rows;
}

test("the page on operations names every file of a daemon's folder, and tells of each whether a backup takes it", () => {
  const page = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8");
  const said = [...rowsOf(page)].map(([name, backup]) => [name, /^\*{0,2}yes/.test(backup)] as const);
  const known = daemonFiles.map(({ name, backup }) => [name, backup !== "never"] as const);
  assert.deepEqual(said.sort(), known.toSorted());
});
