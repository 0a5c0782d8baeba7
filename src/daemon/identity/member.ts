import { makePrivateDirectory } from "../../http/private-directory.ts";
import { createKeypair, type Keypair, readKeypair } from "./keypair.ts";
import { type MeshFile, readMeshFile, writeMeshFile } from "./mesh-file.ts";

/** Who this daemon is: its keys, and the mesh they were made for. */
export interface Identity extends Keypair {
  readonly mesh: MeshFile;
}

/**
 * Makes a member in `dir` (`<home>/daemon/<slug>`). Keys come first and stay if they are there: a crash between the
 * two files is repaired by calling again. Returns the identity whose memberId the broker must be told.
 */
export function createMember(dir: string, mesh: MeshFile, now: number): Identity {
  makePrivateDirectory(dir);
  const keypair = createKeypair(dir, now);
  writeMeshFile(dir, mesh);
  return { ...keypair, mesh: readMeshFile(dir) };
}

/** Throws invalid_config or schema_newer. */
export function readIdentity(dir: string): Identity {
  return { ...readKeypair(dir), mesh: readMeshFile(dir) };
}
