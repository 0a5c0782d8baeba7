/**
 * Keeps accept order equal to outbox order on one link: the first retryable refusal of a destination holds back
 * everything later for that destination until the refused id itself is sent again (or voided). Lives as long as
 * the link, since a reconnecting daemon starts from its outbox order anyway.
 */
export interface Behind {
  /** Whether an envelope must wait; asking with the held id itself releases the destination. */
  holds(destination: string, clientMessageId: string): boolean;
  /** Notes a retryable refusal. False when there are more held destinations than the limit. */
  refused(destination: string, clientMessageId: string): boolean;
  /** The id has been answered for good. */
  settled(destination: string, clientMessageId: string): void;
  voided(clientMessageId: string): void;
}

export function createBehind(destinationsMax: number): Behind {
  const heldBy = new Map<string, string>();

  function settled(destination: string, clientMessageId: string): void {
    if (heldBy.size > 0 && heldBy.get(destination) === clientMessageId) heldBy.delete(destination);
  }

  return {
    settled,
    holds(destination, clientMessageId) {
      if (heldBy.size === 0) return false;
      const holder = heldBy.get(destination);
      return holder !== undefined && holder !== clientMessageId;
    },
    refused(destination, clientMessageId) {
      if (!heldBy.has(destination)) heldBy.set(destination, clientMessageId);
      return heldBy.size <= destinationsMax;
    },
    voided(clientMessageId) {
      for (const [destination, id] of heldBy) if (id === clientMessageId) heldBy.delete(destination);
    },
  };
}
