import type { Envelope } from "../../protocol/envelope.ts";
import type { Opened } from "../parts.ts";
import { openDirect, openEpoch } from "../sealing/open-body.ts";
import type { EpochSet } from "./epoch-set.ts";
import type { OwnKey } from "./own-key.ts";

/** What a direct message is opened by. */
export interface OwnOpening {
  readonly keys: readonly OwnKey[];
  /** Whether the membership names this x25519 key as one that was the member's. */
  isFormer(publicKey: string): boolean;
  /** `archived`: a key that was changed opened it. `stale`: it would have, and its grace is over. */
  count(what: "archived" | "stale"): void;
}

/** What is sealed in an envelope, by the member's own keys and those of topics and queues. There is no way around a key. */
export function openSealed(envelope: Envelope, sealed: Uint8Array, epochs: EpochSet, own: OwnOpening): Opened {
  switch (envelope.algorithm) {
    case "none":
      return never("it is not sealed");
    case "hpke-v1":
      return openOwn(envelope, sealed, own);
    case "epoch-v1":
      return openTopic(envelope, sealed, epochs);
  }
}

function openOwn(envelope: Envelope, sealed: Uint8Array, { keys, isFormer, count }: OwnOpening): Opened {
  const recipient = keys.find(({ publicKey }) => publicKey === envelope.sealed_to);
  if (recipient === undefined) {
    if (!isFormer(envelope.sealed_to ?? "")) return never("it is sealed to a key that this member does not have");
    count("stale");
    return never("it is sealed to a key that this member has changed, and whose grace is over");
  }
  const content = openDirect({ header: envelope, sealed, recipient });
  if (content === null) return never("it is sealed to this member's key and does not open with it");
  if (recipient.archived === true) count("archived");
  return { content };
}

function openTopic(envelope: Envelope, sealed: Uint8Array, epochs: EpochSet): Opened {
  const known = epochs.get(envelope.sealed_to ?? "");
  if (known === null || known.key === null)
    return { content: null, reason: "the key of its topic or queue is not here", forGood: false };
  const { destination, name, epoch_id: id } = known.record;
  if (destination.split(":")[0] !== envelope.destination_kind || name !== envelope.destination_ref)
    return never("it is sealed under the key of another topic or queue");
  const content = openEpoch({ header: envelope, sealed, epoch: { id, key: known.key } });
  return content === null ? never("it names a key that does not open it") : { content };
}

function never(reason: string): Opened {
  return { content: null, reason, forGood: true };
}
