import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "../protocol/limits.ts";
import { checkoutFiles } from "./demo-content.ts";

test("files of the checkout are taken from all parts, each once, and none that a message cannot hold", (t) => {
  const root = mkdtempSync(join(tmpdir(), "claudemesh-content-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ["docs", "src/a", "src/b"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "README.md"), "read me");
  writeFileSync(join(root, "docs/large.md"), Buffer.alloc(limits.inlineBytes + 1));
  writeFileSync(join(root, "docs/one.md"), "one");
  for (const name of ["src/a/x.ts", "src/b/y.ts"]) writeFileSync(join(root, name), name);
  writeFileSync(join(root, "src/b/empty.ts"), "");
  const labels = checkoutFiles(root, 10).map(({ label }) => label);
  assert.deepEqual(labels.toSorted(), ["README.md", "docs/one.md", "src/a/x.ts", "src/b/y.ts"]);
  assert.equal(labels[0], "README.md");
  assert.equal(checkoutFiles(root, 2).length, 2);
});
