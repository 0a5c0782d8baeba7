import type { KeyObject } from "node:crypto";
import type { Attachment } from "../../protocol/attachment.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { bodyHash, signedFingerprintVersion, wireFingerprint } from "../../protocol/fingerprint.ts";
import { wireId } from "../../protocol/ids.ts";
import { sign, signedEnvelopeBytes } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { Keyring, SealedHeader } from "../parts.ts";
import { frameContent } from "../sealing/content.ts";
import type { OutboxRow } from "./row.ts";

export interface Sealer {
  readonly meshId: string;
  readonly memberId: string;
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly keyring: Pick<Keyring, "seal">;
  /** The files that the row carries, with their keys. */
  attachments(row: OutboxRow): readonly Attachment[];
  /** Head of the membership chain that the keys are taken from. */
  membershipHead(): string;
  /** Version of the wire fingerprint as negotiated with the broker. */
  fingerprintVersion(): number;
}

/**
 * The envelope of a row: its body sealed to whoever may read it, then signed. The sealed bytes are the same for the same row and key,
 * also after the outbox was put back from before: only where the key has changed since are they others. The version is part of the
 * header that they are bound to, so under another one they are others too: see committed-before.ts.
 */
export function sealEnvelope(
  row: OutboxRow,
  body: Uint8Array,
  sealer: Sealer,
  version: number = sealer.fingerprintVersion(),
): Envelope {
  const header = {
    version,
    mesh_id: sealer.meshId,
    sender: sealer.memberId,
    client_message_id: wireId(sealer.memberId, row.client_message_id, { minted: row.minted === 1 }),
    destination_kind: row.destination_kind,
    destination_ref: row.destination_ref,
    reply_to: row.reply_to,
    supersedes: row.supersedes,
    priority: row.priority,
    meta: row.meta,
    mentions: JSON.parse(row.mentions) as string[],
    content_type: row.content_type,
  } satisfies SealedHeader;
  const sealed = sealer.keyring.seal(header, frameContent(sealer.attachments(row), body));
  const parts = {
    meshId: sealer.meshId,
    kind: header.destination_kind,
    ref: header.destination_ref,
    replyTo: header.reply_to ?? "",
    priority: header.priority,
    meta: header.meta,
    mentions: header.mentions,
    contentType: header.content_type,
    bodyHash: bodyHash(Buffer.from(sealed.body, "base64url")),
  };
  const fingerprint = wireFingerprint(version, parts);
  const unsigned = {
    ...header,
    ...sealed,
    key_id: sealer.keyId,
    request_fingerprint: fingerprint.toString("hex"),
    membership_head: sealer.membershipHead(),
    sent_at: rfc3339(row.enqueued_at),
  } satisfies Omit<Envelope, "signature">;
  const covered = version === signedFingerprintVersion ? fingerprint : wireFingerprint(signedFingerprintVersion, parts);
  return { ...unsigned, signature: sign(sealer.privateKey, signedEnvelopeBytes(unsigned, covered)) };
}
