import type { Log } from "../../base/log.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import {
  anyVersion,
  checkEnvelope,
  checkUnsignedEnvelope,
  envelopeBody,
  saysUnsigned,
} from "../../protocol/envelope-check.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { envelopeFingerprint, fingerprintVersions } from "../../protocol/fingerprint.ts";
import type { PushItem } from "../../protocol/frames.ts";
import { checkWireId } from "../../protocol/ids.ts";
import type { CheckedPush, Directory, Keyring, Membership } from "../parts.ts";
import { readContent } from "../sealing/content.ts";
import type { MemberKeys } from "./member-keys.ts";
import { refusedKeyOwner, refusedSender, type SenderRefusal } from "./sender-check.ts";
import { mayBeUnsigned } from "./unsigned-policy.ts";

export interface PushCheckContext {
  readonly mesh: { readonly mesh_id: string };
  readonly identity: { readonly memberId: string };
  readonly directory: { current(): Directory | null };
  readonly membership: Pick<Membership, "state">;
  readonly keyring: Pick<Keyring, "open">;
  readonly log: Log;
}

/** Checks one item. `ownSent`: also what this member has sent to others, which its history shows. */
export type PushCheck = (item: PushItem, ownSent?: boolean) => CheckedPush;

type Judged =
  | { readonly body: Uint8Array; readonly attachments: readonly Attachment[] }
  | { readonly invalid: string }
  | { readonly undecryptable: NonNullable<CheckedPush["undecryptable"]> };

/**
 * Checks of what a broker pushes, since a broker may be hostile: the envelope's form, its mesh and addressee, the sender's
 * claim to the id, the fingerprint recomputed where its version is known here; then by the membership chain who the sender is, its signature, and whether
 * it may send this; last the sealed body is opened. What fails is kept with its reason and never shown as a message; what
 * only lacks a key, or an entry of the chain, is looked at again when one comes. Without a signature it is a message only
 * where the mesh has opened its topic for that, and is then never `verified`.
 */
export function createPushCheck(context: PushCheckContext, keyOf: MemberKeys): PushCheck {
  return (item, ownSent = false) => {
    if (item.envelope === null) return checked(item, { body: null });
    let envelope: Envelope;
    let sealed: Buffer;
    const unsigned = saysUnsigned(item.envelope);
    try {
      envelope = unsigned ? checkUnsignedEnvelope(item.envelope, anyVersion) : checkEnvelope(item.envelope, anyVersion);
      sealed = envelopeBody(envelope);
      checkWireId(envelope.sender, envelope.client_message_id);
    } catch (error) {
      // Not even an envelope: nothing of it can be kept under a sender's name. Its place in the log is told.
      const known = ClaudemeshError.from(error, "invalid_envelope");
      context.log.warn(
        { code: known.code, error: known.message, history_id: item.seq },
        "the broker pushed what is no valid envelope",
      );
      return checked({ ...item, envelope: null, stub_reason: known.code }, { body: null, invalid: known.message });
    }
    const read = { ...item, envelope };
    const judged = judge(context, keyOf, read, sealed, ownSent);
    if ("invalid" in judged) return checked(read, { body: sealed, invalid: judged.invalid });
    if ("undecryptable" in judged) return checked(read, { body: null, undecryptable: judged.undecryptable });
    const { body, attachments } = judged;
    return checked(read, { body, attachments, verified: !unsigned, ...names(context, envelope) });
  };
}

function judge(
  context: PushCheckContext,
  keyOf: MemberKeys,
  item: PushItem & { readonly envelope: Envelope },
  sealed: Buffer,
  ownSent: boolean,
): Judged {
  const { envelope } = item;
  const { memberId } = context.identity;
  const recipient = envelope.destination_kind === "dm" ? envelope.destination_ref.slice(0, 64) : null;
  const sentByMe = ownSent && envelope.sender === memberId;
  if (envelope.mesh_id !== context.mesh.mesh_id) return { invalid: "it belongs to another mesh" };
  if (recipient !== null && recipient !== memberId && !sentByMe)
    return { invalid: "it is addressed to another member" };
  if (
    fingerprintVersions.has(envelope.version) &&
    envelopeFingerprint(envelope, sealed).toString("hex") !== envelope.request_fingerprint
  )
    return { invalid: "its fingerprint does not match its content" };
  const state = context.membership.state();
  if (state === null) return later("mesh_unsealed", "this home holds no membership of its mesh: claudemesh mesh seal");
  if (saysUnsigned(envelope)) {
    if (!mayBeUnsigned(envelope, item, context.directory.current()))
      return { invalid: "it is not signed, and its destination is not open for that" };
    const refused = refusedKeyOwner(envelope, item, state);
    return refused === null ? { body: sealed, attachments: [] } : refusal(refused);
  }
  const refused = refusedSender(envelope, sealed, item, state, memberId, keyOf);
  if (refused !== null) return refusal(refused);
  if (envelope.algorithm === "none") return { body: sealed, attachments: [] };
  if (recipient !== null && recipient !== memberId)
    return never("it is sealed to its recipient, and this member did not keep it");
  const opened = context.keyring.open(envelope, sealed);
  if (opened.content === null) return opened.forGood ? never(opened.reason) : later("waits_for_key", opened.reason);
  const content = readContent(Buffer.from(opened.content.buffer, opened.content.byteOffset, opened.content.length));
  return content ?? { invalid: "what it holds does not have the form of a message" };
}

function refusal(refused: SenderRefusal): Judged {
  return refused.unexplained ? later("membership_unexplained", refused.reason) : { invalid: refused.reason };
}

function later(code: "mesh_unsealed" | "membership_unexplained" | "waits_for_key", reason: string): Judged {
  return { undecryptable: { code, reason, forGood: false } };
}

function never(reason: string): Judged {
  return { undecryptable: { code: "undecryptable", reason, forGood: true } };
}

function checked(item: PushItem, found: Pick<CheckedPush, "body"> & Partial<CheckedPush>): CheckedPush {
  return {
    item,
    verified: false,
    invalid: null,
    undecryptable: null,
    fromName: null,
    topicName: null,
    ...found,
  };
}

function names(context: PushCheckContext, envelope: Envelope): Pick<CheckedPush, "fromName" | "topicName"> {
  return {
    fromName: context.membership.state()?.members.get(envelope.sender)?.name ?? null,
    topicName: envelope.destination_kind === "topic" ? envelope.destination_ref : null,
  };
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
