import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../src/client/client.ts";
import { ClaudemeshError } from "../src/protocol/error.ts";
import type { Acknowledged } from "./judge.ts";

export const queue = "queue:work";
/** So short that what a killed broker handed to nobody is soon handed on. */
const leaseSeconds = 5;
/** A broker that is killed while it answers a claim uses up a delivery. */
export const deliveriesMax = 50;

/** Workers on one queue, and what they did. */
export interface QueueWork {
  /** Claims and acknowledges until told to stop. */
  work(client: Client): Promise<void>;
  stop(): void;
  /** Nothing is ready, leased or dead any more. */
  done(client: Client): Promise<boolean>;
  /** What is wrong: sent and never handed out, or acknowledged under two leases. */
  judge(acknowledged: readonly Acknowledged[]): {
    readonly sent: number;
    readonly lost: number;
    readonly twice: number;
  };
}

export function queueWork(): QueueWork {
  const handedOut = new Set<string>();
  /** Acknowledgements that the broker took, by id. */
  const taken = new Map<string, number>();
  let stopped = false;

  async function acknowledge(client: Client, id: string, leaseId: string): Promise<void> {
    for (;;) {
      try {
        await client.queues.ack(queue, leaseId);
        taken.set(id, (taken.get(id) ?? 0) + 1);
        return;
      } catch (thrown) {
        // Over, or ended by an acknowledgement whose answer was lost.
        if (ClaudemeshError.from(thrown).code === "lease_lost") return;
        await pause(200);
      }
    }
  }

  return {
    async work(client) {
      while (!stopped) {
        try {
          for (const item of await client.queues.claim(queue, { lease_s: leaseSeconds, wait_s: 2 })) {
            const id = String("message" in item ? item.message : null).replace("message ", "");
            handedOut.add(id);
            await acknowledge(client, id, item.lease_id);
          }
        } catch {
          // Without its link a daemon claims nothing.
          await pause(200);
        }
      }
    },
    stop() {
      stopped = true;
    },
    async done(client) {
      const { messages } = await client.queues.show(queue);
      return Object.values(messages).every((count) => count === 0);
    },
    judge(acknowledged) {
      const sent = acknowledged.filter(({ target }) => target === queue);
      return {
        sent: sent.length,
        lost: sent.filter(({ id }) => !handedOut.has(id)).length,
        twice: [...taken.values()].filter((times) => times > 1).length,
      };
    },
  };
}
