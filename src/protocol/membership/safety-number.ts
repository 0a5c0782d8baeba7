import { createHash } from "node:crypto";
import { lengthPrefixed } from "../length-prefixed.ts";

/** One side of a comparison. All 64 hex characters. */
export interface ComparedIdentity {
  readonly memberId: string;
  /** Keys in use. */
  readonly ed25519: string;
  readonly x25519: string;
}

/** Makes each guess at a pair of keys with equal digits as costly as so many hashes. */
const iterations = 5_200;
const groupsOfOne = 6;
const digitsOfGroup = 5;

/**
 * 60 decimal digits over both identities, the mesh and the beginning of its membership chain, in twelve groups of five: equal
 * on both sides if and only if both hold the same keys of each other. Thirty digits stand for each identity (SHA-512,
 * iterated), the lower first, so that both read the same.
 */
export function safetyNumber(
  mesh: { readonly meshId: string; readonly origin: string },
  one: ComparedIdentity,
  other: ComparedIdentity,
): string {
  return [digits(mesh, one), digits(mesh, other)].sort().join(" ");
}

function digits(mesh: { readonly meshId: string; readonly origin: string }, identity: ComparedIdentity): string {
  const said = lengthPrefixed(Buffer.from("claudemesh:safety-number:v1", "ascii"), [
    mesh.meshId,
    mesh.origin,
    identity.memberId,
    identity.ed25519,
    identity.x25519,
  ]);
  let hash = createHash("sha512").update(said).digest();
  for (let round = 1; round < iterations; round += 1) hash = createHash("sha512").update(hash).update(said).digest();
  return Array.from({ length: groupsOfOne }, (_, group) => {
    const chunk = hash.readUIntBE(group * digitsOfGroup, digitsOfGroup);
    return String(chunk % 10 ** digitsOfGroup).padStart(digitsOfGroup, "0");
  }).join(" ");
}
