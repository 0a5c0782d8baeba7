import { createHash } from "node:crypto";
import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "../../../src/broker/testing/peer.ts";
import { httpCall } from "../../../src/http/http-call.fixture.ts";
import { blobPath, writeBlobAuthorization } from "../../../src/protocol/files/blob-request.ts";
import { rfc3339 } from "../../../src/protocol/time.ts";
import type { BrokerProcess } from "../program-process.ts";
import type { Asked, Expected, Walk } from "./walk.ts";

export const blobIds = ["blobPut", "blobGet", "blobGetHead"] as const;
type BlobOperation = (typeof blobIds)[number];
const methods = { blobPut: "PUT", blobGet: "GET", blobGetHead: "HEAD" } as const;

/** What a broker and one of its meshes is to a member who asks for blobs. */
export interface BlobCaller {
  readonly broker: Pick<BrokerProcess, "url">;
  readonly meshId: string;
  readonly member: Identity;
}

/** A right request of one operation, signed. */
export function blobAsked({ broker, meshId, member }: BlobCaller, id: BlobOperation, bytes: Uint8Array): Asked {
  const blobId = createHash("sha256").update(bytes).digest("hex");
  const path = blobPath(meshId, blobId);
  const authorization = writeBlobAuthorization(
    {
      method: methods[id],
      path,
      meshId,
      authority: new URL(broker.url).host,
      memberId: member.memberId,
      time: rfc3339(Date.now()),
    },
    member.privateKey,
  );
  const asked = { params: { mesh_id: meshId, blob_id: blobId }, headers: { authorization } };
  return id === "blobPut" ? { ...asked, body: bytes } : asked;
}

export function blobSamples(caller: BlobCaller): Readonly<Record<BlobOperation, Asked>> {
  const bytes = Buffer.from("sealed");
  return {
    blobPut: blobAsked(caller, "blobPut", bytes),
    blobGet: blobAsked(caller, "blobGet", bytes),
    blobGetHead: blobAsked(caller, "blobGetHead", bytes),
  };
}

/** A HEAD's answer shows its status alone. */
function refusedAs(id: BlobOperation, status: number, code: string): Expected {
  return id === "blobGetHead" ? status : code;
}

/** What members are answered and refused who put and get blobs. */
export async function walkBlobs(
  walk: Walk,
  caller: BlobCaller & { readonly broker: Pick<BrokerProcess, "url" | "open"> },
  stranger: Identity,
): Promise<void> {
  const { open } = caller.broker;
  const samples = blobSamples(caller);
  await walk.ask(open, "blobGetHead", 404, samples.blobGetHead);
  await walk.ask(open, "blobGet", "not_found", samples.blobGet);
  await walk.ask(open, "blobPut", 201, samples.blobPut);
  await walk.ask(open, "blobPut", 200, samples.blobPut);
  await walk.ask(open, "blobGet", 200, samples.blobGet);
  await walk.ask(open, "blobGetHead", 200, samples.blobGetHead);
  await walk.ask(open, "blobGetHead", 400, { ...samples.blobGetHead, query: "a=1" });
  await walk.ask(open, "blobPut", "blob_mismatch", { ...samples.blobPut, body: Buffer.from("other") });
  for (const id of blobIds) {
    const { headers: _, ...unsigned } = samples[id];
    await walk.ask(open, id, refusedAs(id, 401, "auth_failed"), unsigned);
    const elsewhere = { ...samples[id], headers: { ...samples[id].headers, host: "elsewhere.example" } };
    await walk.ask(open, id, refusedAs(id, 403, "host_forbidden"), elsewhere);
    const foreign = blobSamples({ ...caller, member: stranger })[id];
    await walk.ask(open, id, refusedAs(id, 403, "not_a_member"), foreign);
  }
}

/** Settings of a broker that has not been started. */
export function withConfig(dataDir: string, config: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, "config.toml"), config);
  return dataDir;
}

/** Makes a mesh with one member at a broker. */
export async function memberAt(broker: Pick<BrokerProcess, "url" | "admin">, member: Identity): Promise<BlobCaller> {
  const { json } = await httpCall(broker.admin, "POST", "/v1/meshes", { body: { slug: "team" } });
  const meshId = String(json["mesh_id"]);
  const body = { member_id: member.memberId, name: "owner", role: "owner" };
  await httpCall(broker.admin, "POST", `/v1/meshes/${meshId}/members`, { body });
  return { broker, meshId, member };
}
