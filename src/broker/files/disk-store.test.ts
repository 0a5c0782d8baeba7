import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import { blobStoreSuite } from "./blob-store-suite.fixture.ts";
import { createDiskStore } from "./disk-store.ts";

blobStoreSuite("blobs on disk", async (t) => {
  const store = createDiskStore(join(folder(t), "files"));
  await store.start();
  return store;
});

test("nobody else of the host can read a blob", async (t) => {
  const root = join(folder(t), "files");
  const store = createDiskStore(root);
  await store.start();
  await store.put(newUuidV7(1), "a".repeat(64), Buffer.from("x"));
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const { mode } = statSync(join(root, name));
    assert.equal(mode & 0o077, 0, name);
  }
});

test("a put that fails leaves nothing, and says that the store is not available", async (t) => {
  const root = join(folder(t), "files");
  const store = createDiskStore(root);
  await store.start();
  const mesh = newUuidV7(1);
  // Where the mesh's folder would be is a file: as good as a disk that takes no more.
  writeFileSync(join(root, mesh), "");
  await assert.rejects(store.put(mesh, "a".repeat(64), Buffer.from("x")), { code: "store_unavailable" });
  assert.deepEqual(readdirSync(join(root, "tmp")), []);
});

test("what a crash left half-written is swept once it is old, and a dry run only counts it", async (t) => {
  const root = join(folder(t), "files");
  const store = createDiskStore(root);
  await store.start();
  writeFileSync(join(root, "tmp", "old"), "x");
  utimesSync(join(root, "tmp", "old"), 1, 1);
  writeFileSync(join(root, "tmp", "new"), "x");
  utimesSync(join(root, "tmp", "new"), 9, 9);
  assert.equal(await store.sweep(5_000, true), 1);
  assert.equal(await store.sweep(5_000, false), 1);
  assert.deepEqual(readdirSync(join(root, "tmp")), ["new"]);
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "cm-blobs-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
