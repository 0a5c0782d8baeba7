import { createHash } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { BlobStore } from "./blob-store.ts";

/** The blobs of all meshes: their rows in the broker's store and their bytes in the blob store, kept in step. */
export interface Blobs {
  /** The bytes are what their name says, and durable with their row when this resolves. `isNew` false: they were there. */
  put(meshId: string, blobId: string, bytes: Uint8Array): Promise<{ readonly isNew: boolean }>;
  /** How many bytes it has, and it counts as put now; null: there is none. */
  refresh(meshId: string, blobId: string): Promise<number | null>;
  /** null: there is none. */
  get(meshId: string, blobId: string): Promise<Buffer | null>;
}

export interface BlobParts extends Pick<LinkParts, "store" | "clock" | "log" | "metrics"> {
  readonly limits: Pick<LinkParts["limits"], "meshFileBytesMax" | "blobClaimMs">;
  readonly blobStore: BlobStore;
}

export function createBlobs({ store, blobStore, clock, log, metrics, limits }: BlobParts): Blobs {
  return {
    async put(meshId, blobId, bytes) {
      const now = clock.now();
      if (hashOf(bytes) !== blobId) {
        throw new ClaudemeshError("blob_mismatch", "the bytes are not those that this blob is named after", {
          hint: "a blob's name is the SHA-256 of its bytes, 64 lower-case hex characters",
        });
      }
      const blob = { blob_id: blobId, bytes: bytes.length };
      const bounds = { now, meshBytesMax: limits.meshFileBytesMax, claimedSince: now - limits.blobClaimMs };
      const begun = await store.beginBlob(meshId, blob, bounds);
      // A row that says "present" over bytes that somebody took away would never be put right.
      if (begun === "present" && (await blobStore.size(meshId, blobId)) === bytes.length) return { isNew: false };
      await blobStore.put(meshId, blobId, bytes);
      // Crash here: the row is pending, the bytes are there, and the next put of them, or upkeep, ends it.
      if (!(await store.finishBlob(meshId, blobId, clock.now())))
        throw new ClaudemeshError("store_unavailable", "the blob's row went while its bytes were written", {
          hint: "put it again",
        });
      metrics.blobBytesPut.inc(bytes.length);
      return { isNew: begun === "begun" };
    },
    async refresh(meshId, blobId) {
      const row = await store.refreshBlob(meshId, blobId, clock.now());
      return row !== null && (await blobStore.size(meshId, blobId)) === row.bytes ? row.bytes : null;
    },
    async get(meshId, blobId) {
      const row = await store.blob(meshId, blobId);
      if (row === null) return null;
      const bytes = await blobStore.get(meshId, blobId);
      if (bytes !== null && hashOf(bytes) === blobId) {
        metrics.blobBytesGot.inc(bytes.length);
        return bytes;
      }
      // Who is to have it finds out by its hash anyway; gone, it can be put again.
      metrics.blobsDamaged.inc();
      log.error(
        { mesh_id: meshId, blob_id: blobId },
        "THE BYTES OF A BLOB ARE DAMAGED OR GONE; whoever has the file can put it again",
      );
      if (bytes !== null) await blobStore.remove(meshId, [blobId]);
      return null;
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
