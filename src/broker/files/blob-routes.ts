import { operation, type Places, type Route } from "../../http/route.ts";
import { described, inPath, text } from "../../http/shape.ts";
import { answerOf, count, view } from "../../http/view.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { blobsInFlightMax, blobsInFlightOfMemberMax } from "../broker-limits.ts";
import { askingMember, type MemberCheckParts, memberErrors, memberOf } from "./authorised-member.ts";
import type { Blobs } from "./blobs.ts";

export interface BlobRouteParts extends MemberCheckParts {
  /** null: this broker has no place for files. */
  readonly blobs: Blobs | null;
}

const path = "/v1/meshes/{mesh_id}/blobs/{blob_id}";
const params = {
  mesh_id: described(text(), "The mesh's id"),
  blob_id: inPath(
    described(
      text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }),
      "SHA-256 of the blob's bytes",
    ),
    noSuchBlob,
  ),
};
const kept = answerOf<{ readonly blob_id: string; readonly bytes: number }>("Blob")(
  view({ blob_id: text(), bytes: count() }),
);

/** Sealed pieces of files, for the daemons of members. What they hold, nobody here can read. Who asks signs: docs/files.md. */
export function blobRoutes(parts: BlobRouteParts): readonly Route[] {
  // Of one listener; each request holds the bytes of one blob.
  const places: Places = {
    max: blobsInFlightMax,
    taken: 0,
    each: {
      max: blobsInFlightOfMemberMax,
      of: (admitted) => {
        const { mesh_id, member_id } = askingMember({ admitted });
        return `${mesh_id} ${member_id}`;
      },
      taken: new Map(),
    },
  };
  const blobs = (): Blobs => {
    if (parts.blobs !== null) return parts.blobs;
    throw new ClaudemeshError("feature_unavailable", "this broker has no place for files", {
      hint: "brokers that share a database need one that they all reach: claudemesh config set --broker files.store",
    });
  };
  const asked = {
    path,
    params,
    places,
    admit: (head: Parameters<typeof memberOf>[1]) => memberOf(parts, head),
  };
  return [
    operation({
      ...asked,
      name: "blobPut",
      method: "PUT",
      summary: "Keep a blob, as a member of the mesh. What is there already stays, and counts as put now",
      rawBody: { description: "The blob's bytes, as they are named", bytesMax: limits.blobBytesMax },
      answers: [
        { status: 201, description: "It is kept, durably", body: kept },
        { status: 200, description: "It was there", body: kept },
      ],
      errors: [...memberErrors, "blob_mismatch", "feature_unavailable", "files_full"],
      async handle(call) {
        const { mesh_id } = askingMember(call);
        const { blob_id } = call.params;
        const { isNew } = await blobs().put(mesh_id, blob_id, call.bytes);
        return { status: isNew ? 201 : 200, body: { blob_id, bytes: call.bytes.length } };
      },
    }),
    operation({
      ...asked,
      name: "blobGet",
      method: "GET",
      head: true,
      summary:
        "A blob's bytes, for a member of the mesh. HEAD says whether it is there and how long it is, and it counts as put now",
      answers: [{ status: 200, description: "The bytes", contentType: "application/octet-stream" }],
      errors: [...memberErrors, "feature_unavailable"],
      async handle(call) {
        const { mesh_id } = askingMember(call);
        const { blob_id } = call.params;
        const content = call.bodiless ? null : await blobs().get(mesh_id, blob_id);
        const length = call.bodiless ? await blobs().refresh(mesh_id, blob_id) : (content?.length ?? null);
        if (length === null) throw noSuchBlob();
        return { status: 200, content, length, contentType: "application/octet-stream" };
      },
    }),
  ];
}

function noSuchBlob(): ClaudemeshError {
  return new ClaudemeshError("not_found", "this mesh has no such blob", {
    hint: "files go when they are older than messages are kept",
  });
}
