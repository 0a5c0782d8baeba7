import type { Envelope } from "../../protocol/envelope.ts";
import { checkEnvelope, checkUnsignedEnvelope, envelopeBody, saysUnsigned } from "../../protocol/envelope-check.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import { checkWireId } from "../../protocol/ids.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { envelopeSignatureHolds } from "../../protocol/signing.ts";
import type { Log } from "../../base/log.ts";
import type { CheckedPush, Directory } from "../parts.ts";
import type { MemberKeys } from "./member-keys.ts";
import { mayBeUnsigned } from "./unsigned-policy.ts";

export interface PushCheckContext {
  readonly mesh: { readonly mesh_id: string };
  readonly identity: { readonly memberId: string };
  readonly directory: { current(): Directory | null };
  readonly log: Log;
}

/**
 * Checks of what a broker pushes, since a broker may be hostile: the envelope's form, its mesh and addressee, the
 * sender's claim to the id, the recomputed fingerprint, the sender's signature. What fails is kept with its reason and
 * never shown as a message. Without a signature it is one only where the mesh has opened its topic for that, and is
 * then never `verified`.
 */
export function createPushCheck(context: PushCheckContext, keyOf: MemberKeys): (item: PushItem) => CheckedPush {
  return (item) => {
    if (item.envelope === null)
      return { item, body: null, verified: false, invalid: null, fromName: null, topicName: null };
    try {
      const unsigned = saysUnsigned(item.envelope);
      const envelope = unsigned ? checkUnsignedEnvelope(item.envelope) : checkEnvelope(item.envelope);
      const body = envelopeBody(envelope);
      const wrong = (reason: string): CheckedPush => ({
        item: { ...item, envelope },
        body,
        verified: false,
        invalid: reason,
        fromName: null,
        topicName: null,
      });
      if (envelope.mesh_id !== context.mesh.mesh_id) return wrong("it belongs to another mesh");
      if (envelope.destination_kind === "dm" && envelope.destination_ref.slice(0, 64) !== context.identity.memberId)
        return wrong("it is addressed to another member");
      checkWireId(envelope.sender, envelope.client_message_id);
      if (envelopeFingerprint(envelope, body).toString("hex") !== envelope.request_fingerprint)
        return wrong("its fingerprint does not match its content");
      const directory = context.directory.current();
      if (unsigned && !mayBeUnsigned(envelope, item, directory))
        return wrong("it is not signed, and its destination is not open for that");
      if (!unsigned && !isSigned(envelope, body, keyOf)) return wrong("its signature does not hold");
      const from = directory?.members.find((member) => member.member_id === envelope.sender);
      return {
        item: { ...item, envelope },
        body,
        verified: !unsigned,
        invalid: null,
        fromName: from?.name ?? null,
        topicName: envelope.destination_kind === "topic" ? envelope.destination_ref : null,
      };
    } catch (error) {
      // Not even an envelope: nothing of it can be kept under a sender's name. Its place in the log is told.
      const known = ClaudemeshError.from(error, "invalid_envelope");
      context.log.warn(
        { code: known.code, error: known.message, history_id: item.seq },
        "the broker pushed what is no valid envelope",
      );
      return {
        item: { ...item, envelope: null, stub_reason: known.code },
        body: null,
        verified: false,
        invalid: known.message,
        fromName: null,
        topicName: null,
      };
    }
  };
}

/** Until keys rotate the key in use is the member's first one; any other would prove nothing about the sender. */
function isSigned(envelope: Envelope, body: Uint8Array, keyOf: MemberKeys): boolean {
  return envelope.key_id === envelope.sender && envelopeSignatureHolds(envelope, body, keyOf(envelope.sender));
}

/**
 * Whether a push has to wait until the broker has told its topics again: it has a message without a signature where this
 * daemon does not know of a topic that is open for it. The topic may have been opened since the directory was told.
 */
export function needsNewerPolicy(context: Pick<PushCheckContext, "directory">, items: readonly PushItem[]): boolean {
  return items.some(({ envelope, destination, seq }) => {
    if (envelope === null || !saysUnsigned(envelope)) return false;
    return !mayBeUnsigned(envelope, { destination, seq }, context.directory.current());
  });
}
