import { createHash } from "node:crypto";
import { request } from "node:http";
import { blobPath, writeBlobAuthorization } from "../../protocol/files/blob-request.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { Identity } from "../testing/peer.ts";

/** What is asked, and what is signed where that is another thing. */
export interface BlobCall {
  readonly method: "PUT" | "GET" | "HEAD";
  readonly blobId: string;
  readonly bytes?: Uint8Array;
  readonly meshId?: string;
  readonly authority?: string;
  readonly time?: string;
  /** Sent instead of what was signed. */
  readonly sent?: {
    readonly method?: string;
    readonly path?: string;
    readonly host?: string;
    readonly authorization?: string | null;
  };
}

/** The broker that is asked, and the mesh that is meant. */
export interface BlobBroker {
  readonly broker: { readonly url: string };
  readonly clock: { now(): number };
  readonly meshId: string;
}

export interface BlobAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
  readonly code: string | null;
}

export function blobIdOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One request for a blob, signed by `identity`. */
export function callBlob(fixture: BlobBroker, identity: Identity, asked: BlobCall): Promise<BlobAnswer> {
  const { host, hostname, port } = new URL(fixture.broker.url);
  const { sent = {}, method } = asked;
  const meshId = asked.meshId ?? fixture.meshId;
  const path = blobPath(meshId, asked.blobId);
  const authorization = writeBlobAuthorization(
    {
      method,
      path,
      meshId,
      authority: asked.authority ?? host,
      memberId: identity.memberId,
      time: asked.time ?? rfc3339(fixture.clock.now()),
    },
    identity.privateKey,
  );
  const headers = {
    host: sent.host ?? host,
    ...(sent.authorization === null ? {} : { authorization: sent.authorization ?? authorization }),
    ...(asked.bytes === undefined ? {} : { "content-length": asked.bytes.length }),
  };
  return new Promise((resolve, reject) => {
    const where = {
      host: hostname,
      port,
      method: sent.method ?? method,
      path: sent.path ?? path,
      headers,
      agent: false,
    };
    const outgoing = request(where, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const isProblem = String(response.headers["content-type"]).includes("problem+json") && bytes.length > 0;
        const code = isProblem ? String((JSON.parse(bytes.toString()) as { code: string }).code) : null;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, code });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(asked.bytes);
  });
}
