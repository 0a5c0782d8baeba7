import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brokerFiles } from "../src/broker/broker-files.ts";
import { daemonFiles } from "../src/daemon/daemon-files.ts";

/** Rows of the table of files below a folder: each name with what the page says of backing it up. */
function rowsOf(page: string, folder: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [, names = "", backup = ""] of page.matchAll(/^\| (`[^|]+) \|[^|]+\| ([^|]+) \|$/gm))
    if (names.startsWith(`\`${folder}/`))
      for (const [, name = ""] of names.matchAll(/`([^`]+)`/g))
        rows.set(name.replace(`${folder}/`, "").replace(/\/$/, ""), backup);
  return rows;
}

for (const [folder, files] of [
  ["daemon/<mesh>", daemonFiles],
  ["broker", brokerFiles],
] as const) {
  test(`the page on operations names every file of ${folder}, and tells of each whether a backup takes it`, () => {
    const page = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8");
    const said = [...rowsOf(page, folder)].map(([name, backup]) => [name, /^\*{0,2}yes/.test(backup)] as const);
    const known = files.map(({ name, backup }) => [name, backup !== "never"] as const);
    assert.deepEqual(said.sort(), known.toSorted());
  });
}
