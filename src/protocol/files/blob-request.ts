import type { KeyObject } from "node:crypto";
import { lengthPrefixed } from "../length-prefixed.ts";
import { sign } from "../signing.ts";
import { isRfc3339 } from "../time.ts";

/**
 * How a member's daemon says who asks for a blob, over HTTP and without a link: `Authorization: Claudemesh
 * <member_id>.<time>.<signature>`. The signature covers all that the request means, so that it is worthless for another method,
 * blob, mesh or broker, and after its time. What is put is not in it, since a blob's name is the hash of its bytes.
 */
export interface BlobRequest {
  readonly method: string;
  /** As it is written, without a query. */
  readonly path: string;
  readonly meshId: string;
  /** As it was dialled. */
  readonly authority: string;
  readonly memberId: string;
  /** RFC 3339 with milliseconds, in UTC. */
  readonly time: string;
}

export interface BlobAuthorization {
  readonly memberId: string;
  readonly time: string;
  readonly signature: string;
}

export function blobPath(meshId: string, blobId: string): string {
  return `/v1/meshes/${meshId}/blobs/${blobId}`;
}

export function blobRequestBytes(request: BlobRequest): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:blob-request:v1", "ascii"), [
    request.method,
    request.path,
    request.meshId,
    request.authority,
    request.memberId,
    request.time,
  ]);
}

export function writeBlobAuthorization(request: BlobRequest, key: KeyObject): string {
  return `Claudemesh ${request.memberId}.${request.time}.${sign(key, blobRequestBytes(request))}`;
}

/** null: it is none. */
export function readBlobAuthorization(header: string | undefined): BlobAuthorization | null {
  const [, memberId = "", time = "", signature = ""] =
    /^Claudemesh ([0-9a-f]{64})\.([0-9TZ:.-]{20,30})\.([A-Za-z0-9_-]{86})$/.exec(header ?? "") ?? [];
  return isRfc3339(time) ? { memberId, time, signature } : null;
}
