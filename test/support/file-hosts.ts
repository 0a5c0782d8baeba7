import { createSecretKey, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { newIdentity } from "../../src/broker/testing/peer.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { createBlobClient } from "../../src/daemon/files/blob-client.ts";
import { createFiles, type Files } from "../../src/daemon/files/files.ts";
import { addressOf } from "../../src/http/broker-dial.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { onEnd } from "./on-end.ts";
import type { BrokerProcess } from "./program-process.ts";

/** A mesh at a broker, whose members put and take files. */
export interface FileMesh {
  readonly meshId: string;
  /** A new member with a spool in `folder`. */
  host(t: TestContext, name: string, folder: string, options?: HostOptions): Promise<FileHost>;
}

export interface HostOptions {
  readonly bytesMax?: number;
  readonly clock?: Clock;
  readonly inUse?: () => ReadonlySet<string>;
}

export interface FileHost {
  readonly memberId: string;
  readonly files: Files;
  /** Another start on the same spool, as after a crash of this one. */
  again(t: TestContext): Promise<Files>;
}

export async function fileMesh(broker: BrokerProcess): Promise<FileMesh> {
  const { json } = await httpCall(broker.admin, "POST", "/v1/meshes", { body: { slug: "team" } });
  const meshId = String(json["mesh_id"]);
  return {
    meshId,
    async host(t, name, folder, options = {}) {
      const host = await hostAt(t, broker.url, folder, { ...options, meshId });
      const body = { member_id: host.memberId, name, role: "member" };
      await httpCall(broker.admin, "POST", `/v1/meshes/${meshId}/members`, { body });
      return host;
    },
  };
}

/** A host of its own keys, which asks at this address. */
export async function hostAt(
  t: TestContext,
  url: string,
  folder: string,
  options: HostOptions & { readonly meshId?: string } = {},
): Promise<FileHost> {
  const { memberId, privateKey } = newIdentity();
  const secret = createSecretKey(randomBytes(32));
  const { clock = systemClock, bytesMax = 1_000_000_000, inUse = () => new Set<string>(), meshId = "mesh" } = options;
  const start = async (test: TestContext): Promise<Files> => {
    const files = createFiles({
      folder: join(folder, "files"),
      bytesMax,
      secret,
      clock,
      inUse,
      client: createBlobClient({
        address: addressOf(url, null),
        meshId,
        member: () => ({ memberId, signingKey: privateKey }),
        clock,
      }),
      random: () => 0,
    });
    await files.start();
    onEnd(test, () => files.stop());
    return files;
  };
  return { memberId, files: await start(t), again: start };
}

/** What speaks as a broker and looks at nothing; null: it says that it has no such blob. */
export function hostileBroker(t: TestContext, bytesOf: (blobId: string) => Buffer | null): Promise<string> {
  return brokerAnswering(t, (blobId) => {
    const bytes = bytesOf(blobId);
    return bytes === null ? { status: 404, bytes: Buffer.alloc(0) } : { status: 200, bytes };
  });
}

/** What answers every request for a blob as a test wants. Resolves with its address. */
export async function brokerAnswering(
  t: TestContext,
  answer: (blobId: string) => { readonly status: number; readonly bytes: Buffer },
): Promise<string> {
  const server = createServer((request, response) => {
    const { status, bytes } = answer(request.url?.split("/").at(-1) ?? "");
    response.writeHead(status, { "content-type": "application/octet-stream" });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(t, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/link`;
}

export async function* inPieces(bytes: Buffer, pieceBytes = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
