/**
 * What the broker knows of the blobs of its meshes: sealed pieces of files, named by the SHA-256 of their bytes. The bytes
 * themselves are in a blob store (files/blob-store.ts). A row stands before the first byte is written there and goes after the
 * last was removed: whatever ends a broker in between, nothing there is without a row.
 */
export interface BlobRows {
  /**
   * Before bytes are written: the row is `pending` from now on. "present": they are there already, and were refreshed. Throws
   * not_found without such a mesh, files_full above `meshBytesMax`, store_unavailable while the blob is being removed by who
   * claimed it at or after `claimedSince`; an older claim is one whose owner is gone.
   */
  beginBlob(
    meshId: string,
    blob: { readonly blob_id: string; readonly bytes: number },
    options: { readonly now: number; readonly meshBytesMax: number; readonly claimedSince: number },
  ): Promise<"begun" | "present">;
  /** The bytes are durable. False: the row is gone, with its mesh; nobody will look for them. */
  finishBlob(meshId: string, blobId: string, now: number): Promise<boolean>;
  /** null: there is none with all its bytes. */
  blob(meshId: string, blobId: string): Promise<BlobRow | null>;
  /** As {@link blob}, and it counts as put now. */
  refreshBlob(meshId: string, blobId: string, now: number): Promise<BlobRow | null>;
  /**
   * Claims for removal what was neither put nor refreshed since `before`, and what somebody who is gone began to put or to remove
   * before `claimedSince`; oldest first. Returns the ids: from then on they are not there. A dry run claims nothing.
   */
  claimExpiredBlobs(
    meshId: string,
    options: {
      readonly before: number;
      readonly claimedSince: number;
      readonly now: number;
      readonly limit: number;
      readonly dryRun: boolean;
    },
  ): Promise<string[]>;
  /** The bytes of claimed ones are gone. */
  forgetBlobs(meshId: string, blobIds: readonly string[]): Promise<void>;
  /** Bytes of all the mesh's blobs. */
  blobBytes(meshId: string): Promise<number>;
}

export interface BlobRow {
  readonly mesh_id: string;
  /** 64 hex characters. */
  readonly blob_id: string;
  readonly bytes: number;
  readonly refreshed_at: number;
}
