import type { Envelope } from "../../protocol/envelope.ts";
import { apiKeySender } from "../../protocol/api-key.ts";
import { checkEnvelope, checkUnsignedEnvelope } from "../../protocol/envelope-check.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import { checkWireId } from "../../protocol/ids.ts";
import type { SenderLink } from "./sender-link.ts";

export interface CheckedItem {
  readonly envelope: Envelope;
  /** Recomputed over what arrived, 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** Sealed bytes. */
  readonly bodyBytes: number;
}

/**
 * What comes before B0: shape, bounds, whose envelope it is, and the fingerprint recomputed. Throws ClaudemeshError;
 * nothing thrown here depends on load or on the store, so a retry of a committed message cannot meet it.
 */
export function checkItem(value: unknown, link: Pick<SenderLink, "meshId" | "memberId" | "direct">): CheckedItem {
  // A link's envelopes are signed, without exception: only what the broker itself took from an API key is not.
  const envelope = link.direct === null ? checkEnvelope(value) : checkUnsignedEnvelope(value);
  if (link.direct !== null && envelope.key_id !== apiKeySender(link.direct.keyId))
    throw new ClaudemeshError("invalid_envelope", "The envelope names another key than the caller's.");
  if (envelope.mesh_id !== link.meshId)
    throw new ClaudemeshError("invalid_envelope", "The envelope names another mesh than the link.");
  if (envelope.sender !== link.memberId)
    throw new ClaudemeshError("invalid_envelope", "The envelope's sender is not the link's member.");
  checkWireId(envelope.sender, envelope.client_message_id);
  const body = Buffer.from(envelope.body, "base64url");
  const fingerprint = envelopeFingerprint(envelope, body);
  if (fingerprint.toString("hex") !== envelope.request_fingerprint) {
    throw new ClaudemeshError(
      "fingerprint_mismatch",
      "The claimed request_fingerprint is not the fingerprint of this envelope.",
    );
  }
  return { envelope, fingerprint, bodyBytes: body.length };
}

/** The id to answer under when the item itself is unusable; "" if it has none. */
export function claimedId(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const id = (value as { client_message_id?: unknown }).client_message_id;
  return typeof id === "string" ? id.slice(0, 128) : "";
}
