import type { KeyObject } from "node:crypto";
import { associatedData, type BoundHeader } from "./header.ts";
import { openBase } from "./hpke.ts";
import { directInfo } from "./seal-body.ts";
import { openXChaCha } from "./xchacha.ts";

interface SealedBody {
  /** The envelope as it came. */
  readonly header: BoundHeader;
  readonly sealed: Uint8Array;
}

/**
 * The plaintext of a body under `hpke-v1`, still framed (content.ts). Null: not this algorithm, not sealed to this key, or not
 * the body of this header. `key` is private, `publicKey` its public half in 64 hex characters.
 */
export function openDirect(
  body: SealedBody & { readonly recipient: { readonly publicKey: string; readonly key: KeyObject } },
): Buffer | null {
  const { header, sealed, recipient } = body;
  if (header.algorithm !== "hpke-v1" || header.sealed_to !== recipient.publicKey) return null;
  return openBase({
    recipientKey: recipient.key,
    recipientPublicRaw: Buffer.from(recipient.publicKey, "hex"),
    info: directInfo,
    aad: associatedData(header),
    sealed,
  });
}

/** As {@link openDirect} for a body under `epoch-v1`. */
export function openEpoch(
  body: SealedBody & { readonly epoch: { readonly id: string; readonly key: Uint8Array } },
): Buffer | null {
  const { header, sealed, epoch } = body;
  if (header.algorithm !== "epoch-v1" || header.sealed_to !== epoch.id) return null;
  return openXChaCha(epoch.key, associatedData(header), sealed);
}
