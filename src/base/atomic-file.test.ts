import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readFileIfPresent, writeFileAtomic } from "./atomic-file.ts";

describe("a file written atomically", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "atomic-file-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("has the new content and the mode asked for, and leaves no temporary file", () => {
    const path = join(folder, "keys.json");
    writeFileAtomic(path, "old");
    writeFileAtomic(path, Buffer.from("new content"), 0o400);
    assert.equal(readFileSync(path, "utf8"), "new content");
    assert.equal(statSync(path).mode & 0o777, 0o400);
    assert.deepEqual(readdirSync(folder), ["keys.json"]);
  });

  test("is readable by its owner only when no mode is given", () => {
    const path = join(folder, "keys.json");
    writeFileAtomic(path, "secret");
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("is replaced by a new file, so that a reader of the old one sees the old content to its end", () => {
    const path = join(folder, "keys.json");
    writeFileAtomic(path, "old");
    const before = statSync(path).ino;
    writeFileAtomic(path, "new");
    assert.notEqual(statSync(path).ino, before);
  });

  test("that cannot take its place fails and leaves what stood there, without a temporary file", () => {
    // A folder that is not empty cannot be replaced by a file.
    const path = join(folder, "occupied");
    mkdirSync(path);
    writeFileSync(join(path, "inside"), "kept");
    assert.throws(() => writeFileAtomic(path, "content"));
    assert.deepEqual(readdirSync(folder), ["occupied"]);
    assert.equal(readFileSync(join(path, "inside"), "utf8"), "kept");
  });
});

test("a file that is not there reads as null, and any other failure is thrown", () => {
  const folder = mkdtempSync(join(tmpdir(), "atomic-file-"));
  try {
    assert.equal(readFileIfPresent(join(folder, "absent")), null);
    assert.throws(() => readFileIfPresent(folder), /EISDIR/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
