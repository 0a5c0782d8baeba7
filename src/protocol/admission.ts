import type { KeyObject } from "node:crypto";
import type { MemberInfo } from "./frames.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { privateKeyFromSeed, publicKeyFromHex, publicKeyHexOf, sign, verify } from "./signing.ts";

/**
 * A request to become a member: made by the one who joins, signed by the invite's key, which shows that the link was
 * held, and by the new member's own, which shows that nobody is signed up under another's id. It names the broker's key,
 * so that it is worth nothing anywhere else.
 */
export interface Admission {
  /** The invite's public key, 64 lower-case hex characters. */
  readonly invite_id: string;
  readonly member_id: string;
  readonly x25519_pubkey: string;
  readonly name: string;
  readonly invite_signature: string;
  readonly member_signature: string;
}

/** Where the admission is good: one mesh at one deployment. */
export interface AdmissionPlace {
  readonly mesh_id: string;
  readonly broker_key: string;
}

/** Answer of `GET /v1/broker`: who this is, proven for the asker's own nonce and the address that was dialled. */
export interface BrokerProof {
  readonly broker_id: string;
  readonly broker_key: string;
  readonly server_time: string;
  /** Of the listener that was asked: who met another one has somebody between. null: no TLS. */
  readonly certificate_print: string | null;
  readonly signature: string;
}

/** Answer of `POST /v1/meshes/{mesh_id}/join`. */
export interface Admitted {
  readonly mesh_id: string;
  readonly slug: string;
  readonly member_id: string;
  readonly name: string;
  readonly role: MemberInfo["role"];
}

export function signAdmission(
  place: AdmissionPlace,
  keys: { readonly inviteSeed: Uint8Array; readonly memberId: string; readonly memberKey: KeyObject },
  member: { readonly x25519_pubkey: string; readonly name: string },
): Admission {
  const inviteKey = privateKeyFromSeed(keys.inviteSeed);
  const unsigned = { invite_id: publicKeyHexOf(inviteKey), member_id: keys.memberId, ...member };
  const bytes = admissionBytes(place, unsigned);
  return { ...unsigned, invite_signature: sign(inviteKey, bytes), member_signature: sign(keys.memberKey, bytes) };
}

/** Whether both signatures hold. False for whatever else was sent. */
export function admissionHolds(place: AdmissionPlace, admission: Admission): boolean {
  const bytes = admissionBytes(place, admission);
  try {
    return (
      verify(publicKeyFromHex(admission.invite_id), bytes, admission.invite_signature) &&
      verify(publicKeyFromHex(admission.member_id), bytes, admission.member_signature)
    );
  } catch {
    // Not every 32 bytes are a point of the curve.
    return false;
  }
}

function admissionBytes(
  place: AdmissionPlace,
  admission: Omit<Admission, "invite_signature" | "member_signature">,
): Buffer {
  return lengthPrefixed(Buffer.from("claudemesh:admission:v1", "ascii"), [
    place.mesh_id,
    place.broker_key,
    admission.invite_id,
    admission.member_id,
    admission.x25519_pubkey,
    admission.name,
  ]);
}
