import type { Client } from "../../client/client.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { OwnSession } from "./attend.ts";

/**
 * Extends the leases of offers at every third of them until it is stopped. `lost` is called when the daemon says that
 * one of them is over: somebody else may have the message. A daemon that is away may be back in time.
 */
export function keepOffers(
  client: Pick<Client, "agents">,
  session: OwnSession,
  offerIds: readonly string[],
  lost: () => void,
): { stop(): void } {
  let extending = false;
  const timer = setInterval(() => void extend(), limits.offerLeaseMs / 3);
  async function extend(): Promise<void> {
    if (extending) return;
    extending = true;
    try {
      const answer = await client.agents.extend(session.kind, session.id, offerIds, { timeoutMs: limits.offerLeaseMs });
      if (answer.lost.length > 0) lost();
    } catch (thrown) {
      // Only the daemon's word that the session is gone counts: one out of reach may be back in time.
      if (ClaudemeshError.from(thrown).code === "unknown_agent") lost();
    } finally {
      extending = false;
    }
  }
  return { stop: () => clearInterval(timer) };
}
