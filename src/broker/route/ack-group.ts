import { ClaudemeshError } from "../../protocol/error.ts";
import type { DestinationKey } from "../../protocol/frames.ts";
import type { PumpLink, PumpParts } from "./pump.ts";
import { topicOfKey } from "./push-entry.ts";

/** Gathers acknowledgements of one link; one store call at a time moves all cursors that arrived meanwhile. */
export interface AckGroup {
  add(destination: DestinationKey, seq: number): void;
  close(): void;
}

/** `moved` runs when the window has room again; it does not wait for the cursor's commit, which only saves re-pushing. */
export function ackGroup(
  link: PumpLink,
  parts: Pick<PumpParts, "store" | "acknowledged" | "clock" | "log" | "metrics" | "limits">,
  moved: () => void,
): AckGroup {
  let waiting = new Map<DestinationKey, number>();
  let running = false;
  let closed = false;

  function add(destination: DestinationKey, seq: number): void {
    waiting.set(destination, Math.max(seq, waiting.get(destination) ?? 0));
    if (!running) void run();
  }

  async function run(): Promise<void> {
    running = true;
    let acks: { destination: DestinationKey; seq: number }[] = [];
    try {
      while (waiting.size > 0) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        acks = [...waiting].map(([destination, seq]) => ({ destination, seq }));
        waiting = new Map();
        if (!closed) moved();
        const current = await parts.store.acknowledge(link.meshId, link.memberId, link.linkEpoch, acks, link.life);
        if (!current) {
          if (!closed) link.superseded();
          return;
        }
        const topics = acks.filter(({ destination }) => topicOfKey(destination) !== null);
        if (topics.length > 0) parts.acknowledged(topics);
      }
    } catch (thrown) {
      // The cursors stay where they were until these are tried again, or the next link shows what it holds.
      const error = ClaudemeshError.from(thrown, "store_unavailable");
      parts.metrics.storeErrors.inc({ code: error.code });
      parts.log.warn({ mesh_id: link.meshId, code: error.code, error: error.message }, "acknowledging failed");
      parts.clock.after(parts.limits.pumpRetryMs, () => {
        if (closed) return;
        for (const { destination, seq } of acks) add(destination, seq);
      });
      // What was acknowledged meanwhile has made room already.
      if (!closed) moved();
    } finally {
      running = false;
    }
  }

  return {
    add,
    close() {
      closed = true;
    },
  };
}
