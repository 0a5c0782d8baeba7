import assert from "node:assert/strict";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { makePrivateDirectory } from "./private-directory.ts";

const mode = (path: string): number => statSync(path).mode & 0o777;

test("a private directory is made with those above it, and one that is wider is tightened", (t) => {
  const path = join(tempFolder(t), "a", "b");
  makePrivateDirectory(path);
  assert.deepEqual([mode(join(path, "..")), mode(path)], [0o700, 0o700]);
  chmodSync(path, 0o755);
  makePrivateDirectory(path);
  assert.equal(mode(path), 0o700);
});

test("a place that can hold no directory is refused by name: a file, below a file, below a folder that takes none", (t) => {
  const file = join(tempFolder(t), "file");
  writeFileSync(file, "");
  const places = [file, join(file, "below"), ...(process.platform === "linux" ? ["/proc/claudemesh-home"] : [])];
  for (const path of places)
    assert.throws(
      () => makePrivateDirectory(path),
      (thrown) =>
        thrown instanceof ClaudemeshError && thrown.code === "invalid_config" && thrown.message.includes(path),
      path,
    );
});
