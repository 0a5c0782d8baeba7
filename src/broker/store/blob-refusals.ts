import { ClaudemeshError } from "../../protocol/error.ts";

export function noSuchMesh(): ClaudemeshError {
  return new ClaudemeshError("not_found", "there is no such mesh");
}

export function filesFull(bytesMax: number): ClaudemeshError {
  return new ClaudemeshError("files_full", "the files of this mesh take all the room that the broker gives them", {
    hint: "files go when they are older than messages are kept; the operator gives more room: claudemesh config set --broker files.mesh_bytes_max",
    details: { bytes_max: bytesMax },
  });
}

export function blobIsGoing(): ClaudemeshError {
  return new ClaudemeshError("store_unavailable", "this blob is being removed", {
    hint: "put it again in a moment",
    details: { retry_after_ms: 1_000 },
  });
}
