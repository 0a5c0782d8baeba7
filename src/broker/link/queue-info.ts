import type { PushItem } from "../../protocol/frames.ts";
import { limits as wireLimits } from "../../protocol/limits.ts";
import type { QueueInfo } from "../../protocol/queue-frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { pushEntry, pushItem, stubItem } from "../route/push-entry.ts";
import type { QueueRow } from "../store/queue-store.ts";
import type { LogMessage } from "../store/store.ts";
import type { LinkParts } from "./link-parts.ts";

/** A queue as the wire shows it. */
export async function queueInfo(
  row: QueueRow,
  { store, clock }: Pick<LinkParts, "store" | "clock">,
  counts: boolean,
): Promise<QueueInfo> {
  return {
    name: row.name,
    created_by: row.created_by,
    created_at: rfc3339(row.created_at),
    deliveries_max: row.deliveries_max,
    unsealed: row.unsealed,
    unsealed_through: row.unsealed_through,
    counts: counts
      ? await store.countQueue(row.mesh_id, row.name, { countMax: wireLimits.queueCountMax, now: clock.now() })
      : null,
  };
}

/** A message of a queue as a link takes it: one that is too large for it is told by its place alone. */
export function queueItem(message: LogMessage, inlineBytes: number): PushItem {
  const tooLarge = pushEntry(message).bodyBytes > inlineBytes;
  return tooLarge ? stubItem(message, "too_large_for_link") : pushItem(message);
}

/** For an answer that holds whole messages: what a frame takes, less its own words. */
export function answerBytesMax({ limits }: Pick<LinkParts, "limits">): number {
  return Math.max(1, limits.frameBytesMax - frameReserveBytes);
}

const frameReserveBytes = 4_096;
