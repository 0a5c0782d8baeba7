import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { EventFrame } from "../../protocol/frames.ts";
import type { BrokerStore, ExpiryNotice } from "../store/store.ts";

/** What retention removed before it was acknowledged: `gap` for its receiver, `expired` for its sender (delivery.md §7). */
export interface Notices {
  /** Tells a member with a link here what was left for it. */
  tell(meshId: string, memberId: string): Promise<void>;
}

const pageItems = 256;

export function createNotices(parts: {
  readonly store: Pick<BrokerStore, "takeNotices">;
  readonly log: Log;
  linkOf(meshId: string, memberId: string): { send(frame: EventFrame): void } | null;
}): Notices {
  return {
    async tell(meshId, memberId) {
      try {
        for (;;) {
          const link = parts.linkOf(meshId, memberId);
          const notices = link === null ? [] : await parts.store.takeNotices(meshId, memberId, pageItems);
          for (const notice of notices) {
            const event = eventOf(notice);
            if (event !== null) link?.send(event);
          }
          if (notices.length < pageItems) return;
        }
      } catch (thrown) {
        parts.log.warn(
          { mesh_id: meshId, error: ClaudemeshError.from(thrown).message },
          "expiry notices were not told",
        );
      }
    },
  };
}

function eventOf({ kind, client_message_id, destination, from_seq, to_seq }: ExpiryNotice): EventFrame | null {
  if (kind === "gap") return { type: "event", event: "gap", destination, from_seq, to_seq };
  if (client_message_id === null) return null;
  return {
    type: "event",
    event: "expired",
    client_message_id,
    reason: "kept for the broker's whole retention and not fetched by everyone it was for",
  };
}
