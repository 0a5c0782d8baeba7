import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Block, readPage } from "./doc-page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Blocks of a language that a page shows; there is one at least. */
function blocksOf(path: string, language: string): readonly Block[] {
  const blocks = readPage(path, readFileSync(join(root, path), "utf8")).blocks.filter(
    (block) => block.language === language,
  );
  assert.notEqual(blocks.length, 0, `${path} shows nothing in ${language}`);
  return blocks;
}

/** The output that a page shows first. */
export function shownOutput(path: string): string {
  return blocksOf(path, "text")[0]?.text ?? "";
}

/** Each block of a language stands word by word in one of these programs, which a test runs; a page leaves out the indent of a function. */
export function assertShownStandsIn(paths: readonly string[], language: string, programs: readonly string[]): void {
  for (const path of paths)
    for (const { text, line } of blocksOf(path, language)) {
      const forms = ["", "\t", "    "].map((indent) => text.replace(/^(?=.)/gm, indent));
      assert.ok(
        programs.some((program) => forms.some((form) => program.includes(form))),
        `${path}:${line}\n${text}`,
      );
    }
}
