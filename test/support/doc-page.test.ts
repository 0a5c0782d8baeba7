import assert from "node:assert/strict";
import { test } from "node:test";
import { readPage, stepsOf } from "./doc-page.ts";

const page = readPage(
  "a.md",
  [
    "# A",
    "```sh",
    "one",
    "```",
    "Then:",
    "```text",
    "out",
    "```",
    "```sh second-host exit-4",
    "two",
    "```",
    "end",
  ].join("\n"),
);

test("the steps of a page are its sh blocks, with the output that is shown next to them", () => {
  assert.deepEqual(
    stepsOf(page).map(({ block, host, exitCode, output }) => [block.text, block.line, host, exitCode, output]),
    [
      ["one\n", 3, "first", 0, "out\n"],
      ["two\n", 10, "second", 4, null],
    ],
  );
  assert.deepEqual(
    page.prose.split("\n").flatMap((line, index) => (line === "" ? [] : [`${index + 1} ${line}`])),
    ["1 # A", "5 Then:", "12 end"],
  );
});

test("a word that means nothing behind sh, and a block without an end, are errors", () => {
  assert.throws(() => stepsOf(readPage("a.md", "```sh sceond-host\nx\n```\n")), /a\.md:2: `sh sceond-host`/);
  assert.throws(() => readPage("a.md", "text\n```sh\nx\n"), /line 3 has no end/);
});
