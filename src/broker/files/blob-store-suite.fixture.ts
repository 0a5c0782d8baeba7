import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { BlobStore } from "./blob-store.ts";

const id = (n: number): string => n.toString(16).padStart(64, "a");

/** What every blob store does. `open` gives an empty one, started, which ends with the test. */
export function blobStoreSuite(
  name: string,
  open: (t: TestContext) => Promise<BlobStore>,
  options: { readonly skip?: string | false } = {},
): void {
  describe(name, options, () => {
    const mesh = newUuidV7(1);

    it("gives back the bytes that were put, and knows how many they are", async (t) => {
      const store = await open(t);
      const bytes = randomBytes(1_100_000);
      await store.put(mesh, id(1), bytes);
      await store.put(mesh, id(1), bytes);
      await store.put(mesh, id(2), Buffer.from("x"));
      assert.deepEqual(await store.get(mesh, id(1)), bytes);
      assert.equal(await store.size(mesh, id(1)), bytes.length);
      assert.equal((await store.get(mesh, id(2)))?.toString(), "x");
    });

    it("says of what is not there that it is not, also of another mesh's", async (t) => {
      const store = await open(t);
      await store.put(mesh, id(1), Buffer.from("x"));
      for (const [meshId, blobId] of [
        [mesh, id(2)],
        [newUuidV7(2), id(1)],
      ] as const) {
        assert.equal(await store.get(meshId, blobId), null);
        assert.equal(await store.size(meshId, blobId), null);
      }
    });

    it("removes what it is told to, and what is not there is as good as removed", async (t) => {
      const store = await open(t);
      const blobs = Array.from({ length: 5 }, (_, n) => id(n));
      for (const blob of blobs) await store.put(mesh, blob, Buffer.from(blob));
      await store.remove(mesh, [id(0), id(1), id(9)]);
      await store.remove(mesh, []);
      const sizes = await Promise.all(blobs.map((blob) => store.size(mesh, blob)));
      assert.deepEqual(sizes, [null, null, 64, 64, 64]);
    });

    it("knows which meshes have anything, and removes all of one", async (t) => {
      const store = await open(t);
      const other = newUuidV7(3);
      for (let n = 0; n < 3; n += 1) await store.put(mesh, id(n), Buffer.from("x"));
      await store.put(other, id(1), Buffer.from("x"));
      assert.deepEqual((await store.meshes()).sort(), [mesh, other].sort());
      await store.removeMesh(mesh);
      await store.removeMesh(mesh);
      assert.deepEqual(await store.meshes(), [other]);
      assert.equal(await store.size(mesh, id(1)), null);
      assert.equal(await store.size(other, id(1)), 1);
    });

    it("takes many at once, the same one among them", async (t) => {
      const store = await open(t);
      const bytes = randomBytes(50_000);
      await Promise.all(Array.from({ length: 24 }, (_, n) => store.put(mesh, id(n % 6), bytes)));
      for (let n = 0; n < 6; n += 1) assert.deepEqual(await store.get(mesh, id(n)), bytes);
    });
  });
}
