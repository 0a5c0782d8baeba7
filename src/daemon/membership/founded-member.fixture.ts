import { signKeyProof } from "../../protocol/membership/entry.ts";
import { createMember, type Identity } from "../identity/member.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import { foundChain } from "./chain.fixture.ts";
import { writeChain } from "./membership-file.ts";

/** A member in `dir` that has founded its mesh, and whose broker need not be there. */
export function foundedMember(dir: string, mesh: MeshFile, now: number): Identity {
  const identity = createMember(dir, mesh, now);
  const { memberId, keyId, signingKey, x25519PublicKey: x25519_pubkey } = identity;
  const keys = signKeyProof(mesh.mesh_id, memberId, { ed25519_pubkey: memberId, x25519_pubkey }, signingKey);
  const member = { member_id: memberId, name: mesh.member_name, x25519_pubkey, proof: keys.proof };
  writeChain(dir, [foundChain({ name: mesh.member_name, memberId, keyId, signingKey, member }, mesh.mesh_id)]);
  return identity;
}
