import type { Envelope } from "../../protocol/envelope.ts";
import type { LogPlace } from "../../protocol/membership/entry.ts";
import {
  type ChainMember,
  isAbove,
  keyInUse,
  type MembershipState,
  mayUse,
  takesDmFrom,
} from "../../protocol/membership/state.ts";
import { envelopeSignatureHolds } from "../../protocol/signing.ts";
import type { MemberKeys } from "./member-keys.ts";

/** Why a signed message is not its sender's, or not one that the sender may send. */
export interface SenderRefusal {
  readonly reason: string;
  /** It names what the chain may still tell. */
  readonly unexplained: boolean;
}

/**
 * What the membership chain says of a signed message, its sender's signature included. The head that it names says which
 * keys and members there were when it was sealed; its place in the log, whether its sender was gone by then. null: it is
 * the sender's, and the sender may send it here.
 */
export function refusedSender(
  envelope: Envelope,
  sealed: Uint8Array,
  { epoch, seq }: Pick<LogPlace, "epoch" | "seq">,
  state: MembershipState,
  recipientId: string,
  keyOf: MemberKeys,
): SenderRefusal | null {
  const place = { epoch, seq };
  const sender = state.members.get(envelope.sender);
  const isSigned = (): boolean => envelopeSignatureHolds(envelope, sealed, keyOf(envelope.key_id));
  if (envelope.algorithm === "none") {
    const { unsealedThrough } = state;
    if (unsealedThrough === null || isAbove(place, unsealedThrough)) return refused("it is not sealed");
    // From before the mesh was sealed: whose daemon announces its keys later is taken in later.
    if (sender === undefined) return unexplained("its sender is not in the membership");
    if (envelope.key_id !== envelope.sender) return refused("its key is not its sender's");
  } else {
    if (envelope.membership_head === null) return refused("it names no membership");
    const head = state.places.get(envelope.membership_head);
    const isKnownKey = sender?.keys.some(({ keyId }) => keyId === envelope.key_id) === true;
    // Nothing that comes later can make a signature hold that does not.
    if (head === undefined && isKnownKey && !isSigned()) return refused(noSignature);
    if (head === undefined) return unexplained("it names a membership that is not known here");
    if (sender === undefined) return refused("its sender is not in the membership");
    if (!keyInUse(sender, envelope.key_id, head))
      return refused("its key was not its sender's in the membership that it names");
    if (!mayHaveUsed(sender, envelope, head)) return refused("its sender may not use this destination");
  }
  if (!isSigned()) return refused(noSignature);
  if (wasGone(sender, place)) return refused(gone);
  const recipient = state.members.get(recipientId);
  if (envelope.destination_kind === "dm" && recipient !== undefined && !takesDmFrom(recipient, envelope.sender))
    return refused("this member takes no direct messages of its sender");
  return null;
}

/**
 * What the chain says of a message that an API key handed in: whose key it was is the broker's word, but it was a member's, and one that
 * was still there.
 */
export function refusedKeyOwner(
  { sender: memberId }: Envelope,
  { epoch, seq }: Pick<LogPlace, "epoch" | "seq">,
  state: MembershipState,
): SenderRefusal | null {
  const sender = state.members.get(memberId);
  if (sender === undefined) return unexplained("its sender is not in the membership");
  return wasGone(sender, { epoch, seq }) ? refused(gone) : null;
}

const noSignature = "its signature does not hold";
const gone = "its sender had left the mesh, or was revoked";

function wasGone({ through }: ChainMember, place: LogPlace): boolean {
  return through !== null && isAbove(place, through);
}

/** What a member might use before it was limited last is not told any more: what it sealed by then, it might. */
function mayHaveUsed(
  sender: ChainMember,
  { destination_kind: kind, destination_ref: ref }: Envelope,
  head: number,
): boolean {
  if (kind === "dm" || head < sender.destinationsSince) return true;
  return mayUse(sender, kind === "topic" ? `#${ref}` : `queue:${ref}`);
}

function refused(reason: string): SenderRefusal {
  return { reason, unexplained: false };
}

function unexplained(reason: string): SenderRefusal {
  return { reason, unexplained: true };
}
