import type { KeyObject } from "node:crypto";
import type { Envelope } from "../../protocol/envelope.ts";
import { bodyHash, wireFingerprint } from "../../protocol/fingerprint.ts";
import { wireId } from "../../protocol/ids.ts";
import { sign, signedEnvelopeBytes } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { OutboxRow } from "./row.ts";

export interface Sealer {
  readonly meshId: string;
  readonly memberId: string;
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** Version of the wire fingerprint as negotiated with the broker. */
  fingerprintVersion(): 1 | 2;
}

/** The envelope of a row under algorithm `none`: the plain body, signed. Deterministic, as every algorithm has to be. */
export function sealNone(row: OutboxRow, body: Uint8Array, sealer: Sealer): Envelope {
  const version = sealer.fingerprintVersion();
  const mentions = JSON.parse(row.mentions) as string[];
  const parts = {
    meshId: sealer.meshId,
    kind: row.destination_kind,
    ref: row.destination_ref,
    replyTo: row.reply_to ?? "",
    priority: row.priority,
    meta: row.meta,
    mentions,
    contentType: row.content_type,
    bodyHash: bodyHash(body),
  };
  const fingerprint = wireFingerprint(version, parts);
  const unsigned = {
    version,
    mesh_id: sealer.meshId,
    sender: sealer.memberId,
    key_id: sealer.keyId,
    client_message_id: wireId(sealer.memberId, row.client_message_id, { minted: row.minted === 1 }),
    destination_kind: row.destination_kind,
    destination_ref: row.destination_ref,
    reply_to: row.reply_to,
    supersedes: row.supersedes,
    priority: row.priority,
    meta: row.meta,
    mentions,
    content_type: row.content_type,
    algorithm: "none",
    sealed_to: null,
    body: Buffer.from(body.buffer, body.byteOffset, body.length).toString("base64url"),
    request_fingerprint: fingerprint.toString("hex"),
    membership_head: null,
    sent_at: rfc3339(row.enqueued_at),
  } satisfies Omit<Envelope, "signature">;
  const covered = version === 2 ? fingerprint : wireFingerprint(2, parts);
  return { ...unsigned, signature: sign(sealer.privateKey, signedEnvelopeBytes(unsigned, covered)) };
}
