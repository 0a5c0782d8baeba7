import type { Envelope } from "../../protocol/envelope.ts";
import type { Opened } from "../parts.ts";
import { openDirect, openEpoch } from "../sealing/open-body.ts";
import type { EpochSet } from "./epoch-set.ts";
import type { OwnKey } from "./own-key.ts";

/** What is sealed in an envelope, by the member's own keys and those of topics and queues. There is no way around a key. */
export function openSealed(
  envelope: Envelope,
  sealed: Uint8Array,
  epochs: EpochSet,
  ownKeys: readonly OwnKey[],
): Opened {
  switch (envelope.algorithm) {
    case "none":
      return never("it is not sealed");
    case "hpke-v1":
      return openOwn(envelope, sealed, ownKeys);
    case "epoch-v1":
      return openTopic(envelope, sealed, epochs);
  }
}

function openOwn(envelope: Envelope, sealed: Uint8Array, ownKeys: readonly OwnKey[]): Opened {
  const recipient = ownKeys.find(({ publicKey }) => publicKey === envelope.sealed_to);
  if (recipient === undefined) return never("it is sealed to a key that this member does not have");
  const content = openDirect({ header: envelope, sealed, recipient });
  return content === null ? never("it is sealed to this member's key and does not open with it") : { content };
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
