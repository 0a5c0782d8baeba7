import type { Clock } from "../../base/clock.ts";
import type { BrokerStore } from "../store/store.ts";
import type { Progress } from "./progress.ts";

/**
 * After a start the broker has forgotten whose topic messages are still on their way. The first time that a member
 * returns, its newest ones are read back from the log, so that its senders hear of them after a kill as well.
 */
export interface ProgressRecovery {
  returned(meshId: string, memberId: string): Promise<void>;
}

const messagesPerTopic = 256;
/** Older ones have been told, or nobody waits for them any more. */
const lookBackMs = 3_600_000;

export function createProgressRecovery(parts: {
  readonly store: Pick<BrokerStore, "sentToTopics" | "shared">;
  readonly progress: Progress;
  readonly clock: Clock;
}): ProgressRecovery {
  const { store, progress, clock } = parts;
  const startedAt = clock.now();
  const recovered = new Set<string>();

  return {
    async returned(meshId, memberId) {
      const key = `${meshId}/${memberId}`;
      // What it sent by other brokers since this one saw it last is not known here.
      if (recovered.has(key) && store.shared === null) return;
      const since = (store.shared === null ? startedAt : clock.now()) - lookBackMs;
      for (const sent of await store.sentToTopics(meshId, memberId, { since, newestOf: messagesPerTopic }))
        progress.sent(meshId, {
          topicId: sent.topic_id,
          sender: memberId,
          seq: sent.seq,
          clientMessageId: sent.client_message_id,
        });
      recovered.add(key);
    },
  };
}
