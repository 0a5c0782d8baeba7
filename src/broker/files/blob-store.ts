import type { Service } from "../../base/service.ts";

/**
 * Where the bytes of blobs are: a folder, or a bucket of an S3-compatible service. It knows nothing of what they are and keeps
 * no time: which there are, and until when, is in the broker's store (store/blob-rows.ts). A method that returns has made it
 * durable. What the system or the service refuses is store_unavailable. One behaviour suite: blob-store-suite.fixture.ts.
 */
export interface BlobStore extends Service {
  /** Visible with all its bytes or not at all. What is there already under that name has the same bytes, and stays or is replaced. */
  put(meshId: string, blobId: string, bytes: Uint8Array): Promise<void>;
  /** null: there is none. */
  get(meshId: string, blobId: string): Promise<Buffer | null>;
  /** How many bytes it has; null: there is none. */
  size(meshId: string, blobId: string): Promise<number | null>;
  /** What is not there is as good as removed. */
  remove(meshId: string, blobIds: readonly string[]): Promise<void>;
  /** Ids of the meshes that have, or had, anything here. */
  meshes(): Promise<string[]>;
  /** All of a mesh that is no more. */
  removeMesh(meshId: string): Promise<void>;
  /** What crashes left behind that was never a blob, older than `before` (epoch milliseconds); returns how many. */
  sweep(before: number, dryRun: boolean): Promise<number>;
}
