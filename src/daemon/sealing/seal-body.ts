import { hash, type KeyObject } from "node:crypto";
import { lengthPrefixed } from "../../protocol/length-prefixed.ts";
import type { SealedHeader } from "../parts.ts";
import { associatedData, type BoundHeader } from "./header.ts";
import { hkdfExpand, hkdfExtract, noSalt } from "./hkdf.ts";
import { deriveKeyPair, hpkeInfo, sealBase } from "./hpke.ts";
import { sealXChaCha, xchachaNonceBytes } from "./xchacha.ts";

interface BodyToSeal {
  readonly header: SealedHeader;
  /** As content.ts frames it. */
  readonly plaintext: Uint8Array;
  /** The member's sealing secret, 32 bytes, as a secret KeyObject. */
  readonly secret: KeyObject;
}

export const directInfo = hpkeInfo(Buffer.from("claudemesh:seal:hpke-v1", "ascii"));

const seedTag = Buffer.from("claudemesh:seal-seed:v1", "ascii");
const ephemeralSeedBytes = 32;

/** The sealed body of a message to one member, under `hpke-v1`. `publicKey` is `key` in 64 hex characters. */
export function sealDirect(
  body: BodyToSeal & { readonly recipient: { readonly publicKey: string; readonly key: KeyObject } },
): Buffer {
  const { recipient, plaintext } = body;
  const header: BoundHeader = { ...body.header, algorithm: "hpke-v1", sealed_to: recipient.publicKey };
  const aad = associatedData(header);
  const ephemeral = deriveKeyPair(seed(body, header, aad, ephemeralSeedBytes));
  return sealBase({ recipient: recipient.key, ephemeral, info: directInfo, aad, plaintext });
}

/** The sealed body of a message to a topic or queue, under `epoch-v1`. `key` is the epoch's, 32 bytes. */
export function sealToEpoch(
  body: BodyToSeal & { readonly epoch: { readonly id: string; readonly key: Uint8Array } },
): Buffer {
  const { epoch, plaintext } = body;
  const header: BoundHeader = { ...body.header, algorithm: "epoch-v1", sealed_to: epoch.id };
  const aad = associatedData(header);
  return sealXChaCha(epoch.key, seed(body, header, aad, xchachaNonceBytes), aad, plaintext);
}

/**
 * What the ephemeral key or the nonce is made from. It depends on everything that is sealed, so that two bodies never
 * share one, and on nothing else, so that the same send gives the same bytes on every try, also after a restore. Members
 * of an epoch share its key and not this secret: their nonces lie as far apart as random ones.
 */
function seed(body: BodyToSeal, header: BoundHeader, aad: Buffer, length: number): Buffer {
  const info = lengthPrefixed(seedTag, [
    header.client_message_id,
    hash("sha256", body.plaintext, "buffer"),
    hash("sha256", aad, "buffer"),
    header.sealed_to ?? "",
    header.algorithm,
  ]);
  return hkdfExpand(extracted(body.secret), [info], length);
}

/** The secret's half of HKDF, the same for every message of a member. */
const prks = new WeakMap<KeyObject, KeyObject>();

function extracted(secret: KeyObject): KeyObject {
  const known = prks.get(secret);
  if (known !== undefined) return known;
  const prk = hkdfExtract(noSalt, [secret.export()]);
  prks.set(secret, prk);
  return prk;
}
