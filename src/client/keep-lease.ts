import { ClaudemeshError } from "../protocol/error.ts";
import type { Client } from "./client.ts";

export interface Lease {
  readonly queue: string;
  readonly lease_id: string;
  readonly lease_s: number;
}

/** Extends a lease at every third of it until it is stopped. `lost` is called when somebody else may have the message. */
export function keepLease(client: Pick<Client, "queues">, lease: Lease, lost: () => void): { stop(): void } {
  const { queue, lease_id, lease_s } = lease;
  let extending = false;
  const timer = setInterval(() => void extend(), (lease_s * 1_000) / 3);
  async function extend(): Promise<void> {
    if (extending) return;
    extending = true;
    try {
      await client.queues.extend(queue, lease_id, { lease_s }, { timeoutMs: lease_s * 1_000 });
    } catch (thrown) {
      // Only the broker's word that it is lost counts: one out of reach may be back in time.
      const { code } = ClaudemeshError.from(thrown);
      if (code === "lease_lost" || code === "unknown_destination") lost();
    } finally {
      extending = false;
    }
  }
  return { stop: () => clearInterval(timer) };
}
