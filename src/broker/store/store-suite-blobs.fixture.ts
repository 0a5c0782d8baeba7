import assert from "node:assert/strict";
import { it } from "node:test";
import type { Bench, On } from "./store-bench.fixture.ts";

const id = (n: number): string => n.toString(16).padStart(64, "0");
const roomy = { meshBytesMax: 1_000, claimedSince: 0 };

/** The suite's part on the rows of blobs. */
export function blobs(on: On): void {
  const put = async ({ store, meshId }: Bench, n: number, bytes: number, now: number) => {
    await store.beginBlob(meshId, { blob_id: id(n), bytes }, { ...roomy, now });
    await store.finishBlob(meshId, id(n), now);
  };
  const expiry = { before: 100, claimedSince: 90, now: 200, limit: 10, dryRun: false };

  it("shows a blob once all its bytes are written, and knows the sum of all", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    assert.equal(await store.beginBlob(meshId, { blob_id: id(1), bytes: 400 }, { ...roomy, now: 10 }), "begun");
    assert.equal(await store.blob(meshId, id(1)), null);
    assert.equal(await store.refreshBlob(meshId, id(1), 11), null);
    assert.equal(await store.beginBlob(meshId, { blob_id: id(1), bytes: 400 }, { ...roomy, now: 12 }), "begun");
    assert.equal(await store.finishBlob(meshId, id(1), 13), true);
    const blob = { mesh_id: meshId, blob_id: id(1), bytes: 400, refreshed_at: 13 };
    assert.deepEqual(await store.blob(meshId, id(1)), blob);
    assert.deepEqual(await store.refreshBlob(meshId, id(1), 20), { ...blob, refreshed_at: 20 });
    assert.equal(await store.beginBlob(meshId, { blob_id: id(1), bytes: 400 }, { ...roomy, now: 30 }), "present");
    assert.equal((await store.blob(meshId, id(1)))?.refreshed_at, 30);
    await put(under, 2, 300, 30);
    assert.equal(await store.blobBytes(meshId), 700);
  });

  it("refuses a blob above what a mesh may have, and what is there already never", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await put(under, 1, 900, 10);
    const over = store.beginBlob(meshId, { blob_id: id(2), bytes: 101 }, { ...roomy, now: 11 });
    await assert.rejects(over, { code: "files_full" });
    assert.equal(await store.blobBytes(meshId), 900);
    const again = { ...roomy, meshBytesMax: 10, now: 12 };
    assert.equal(await store.beginBlob(meshId, { blob_id: id(1), bytes: 900 }, again), "present");
    await put(under, 3, 100, 13);
  });

  it("counts at once what many put at the same time", async (t) => {
    const { store, meshId } = await on(t);
    const begun = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) =>
        store.beginBlob(meshId, { blob_id: id(n), bytes: 100 }, { ...roomy, now: 10 }),
      ),
    );
    assert.equal(begun.filter(({ status }) => status === "fulfilled").length, 10);
    assert.equal(await store.blobBytes(meshId), 1_000);
  });

  it("claims what is old, oldest first, and forgets what was claimed alone", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await put(under, 1, 100, 50);
    await put(under, 2, 100, 40);
    await put(under, 3, 100, 150);
    assert.deepEqual(await store.claimExpiredBlobs(meshId, { ...expiry, dryRun: true }), [id(2), id(1)]);
    assert.deepEqual(await store.claimExpiredBlobs(meshId, { ...expiry, limit: 1 }), [id(2)]);
    assert.equal(await store.blob(meshId, id(2)), null);
    assert.equal(await store.refreshBlob(meshId, id(2), 210), null);
    await store.forgetBlobs(meshId, [id(2), id(3)]);
    assert.equal(await store.blobBytes(meshId), 200);
    assert.notEqual(await store.blob(meshId, id(3)), null);
    assert.equal(await store.finishBlob(meshId, id(2), 220), false);
  });

  it("lets nobody put what is being removed, until its remover is gone; and counts it once then", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await put(under, 1, 100, 50);
    await store.claimExpiredBlobs(meshId, expiry);
    const begin = (claimedSince: number) =>
      store.beginBlob(meshId, { blob_id: id(1), bytes: 100 }, { ...roomy, claimedSince, now: 300 });
    await assert.rejects(begin(200), { code: "store_unavailable" });
    assert.equal(await store.finishBlob(meshId, id(1), 300), false);
    assert.equal(await begin(201), "begun");
    await store.forgetBlobs(meshId, [id(1)]);
    assert.equal(await store.finishBlob(meshId, id(1), 301), true);
    assert.equal(await store.blobBytes(meshId), 100);
  });

  it("claims what somebody who is gone began to put, or to remove", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await store.beginBlob(meshId, { blob_id: id(1), bytes: 100 }, { ...roomy, now: 80 });
    await store.beginBlob(meshId, { blob_id: id(2), bytes: 100 }, { ...roomy, now: 95 });
    assert.deepEqual(await store.claimExpiredBlobs(meshId, expiry), [id(1)]);
    assert.deepEqual(await store.claimExpiredBlobs(meshId, { ...expiry, claimedSince: 96, now: 300 }), [id(2)]);
    const later = { ...expiry, claimedSince: 301, now: 400 };
    assert.deepEqual((await store.claimExpiredBlobs(meshId, later)).sort(), [id(1), id(2)]);
  });

  it("forgets the blobs of a mesh with it, and takes none for a mesh that is not", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await put(under, 1, 100, 50);
    await store.deleteMesh(meshId);
    assert.equal(await store.blob(meshId, id(1)), null);
    assert.equal(await store.blobBytes(meshId), 0);
    await assert.rejects(store.beginBlob(meshId, { blob_id: id(2), bytes: 1 }, { ...roomy, now: 60 }), {
      code: "not_found",
    });
  });
}
