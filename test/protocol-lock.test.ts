import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type LockedVersion, lockedVersions, lockProblems, protocolParts } from "./support/protocol-lock.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = "docs/protocol-changelog.md";
const git = (...args: string[]) =>
  promisify(execFile)("git", args, { cwd: root, maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => stdout,
    () => null,
  );

test("the protocol changes only with a new version and a line that says how; a version stays what it was", async () => {
  const lines = lockedVersions(readFileSync(new URL(`../${page}`, import.meta.url), "utf8"));
  assert.deepEqual(lockProblems(lines, protocolParts(), await published()), []);
});

const locked = (version: string, parts: string, change = "a field of the hello"): LockedVersion => ({
  version,
  date: "2026-11-26",
  parts,
  change,
});

for (const [what, lines, parts, before, problem] of [
  ["a changed frame without a line", [locked("1.0", "frames a")], "frames b", [], /not the one of version 1\.0/],
  ["no line at all", [], "frames a", [], /version none/],
  ["a line that was rewritten", [locked("1.0", "frames b")], "frames b", [locked("1.0", "frames a")], /published as/],
  ["a line that was taken out", [locked("1.1", "frames b")], "frames b", [locked("1.0", "frames a")], /is gone/],
  ["a version that does not rise", [locked("1.9", "b"), locked("1.10", "a")], "b", [], /1\.9 stands above 1\.10/],
  ["a line that says nothing", [locked("1.0", "a", "")], "a", [], /does not say/],
] as const) {
  test(`the lock finds ${what}`, () => assert.match(lockProblems(lines, parts, before).join("\n"), problem));
}

test("the lock lets a change pass that has its version and its line", () => {
  assert.deepEqual(lockProblems([locked("1.10", "b"), locked("1.9", "a")], "b", [locked("1.9", "a")]), []);
});

/** The lines of every state that the page has had on the main line; none where this is no repository. */
async function published(): Promise<LockedVersion[]> {
  const commits = (await git("log", "--first-parent", "--format=%H", "--", page)) ?? "";
  const pages = await Promise.all(
    commits
      .split("\n")
      .filter((line) => line !== "")
      .map((commit) => git("show", `${commit}:${page}`)),
  );
  return pages.flatMap((text) => (text === null ? [] : lockedVersions(text)));
}
