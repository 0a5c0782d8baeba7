import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { NoticeItem } from "../../protocol/notice-frames.ts";
import type { Ask, AskReply } from "../link/asks.ts";
import type { BrokerStore, ExpiryNotice } from "../store/store.ts";

/** What retention removed before it was acknowledged: `gap` for its receiver, `expired` for its sender (delivery.md §7). */
export interface Notices {
  /** Tells a member with a link here what was left for it, until it has confirmed all of it. Never rejects. */
  tell(meshId: string, memberId: string): Promise<void>;
}

const pageItems = 256;

export function createNotices(parts: {
  readonly store: Pick<BrokerStore, "takeNotices" | "dropNotices">;
  readonly log: Log;
  linkOf(meshId: string, memberId: string): { readonly asks: { ask(frame: Ask): Promise<AskReply | null> } } | null;
}): Notices {
  /** By mesh and member: told now, and for whom more may have been kept meanwhile. */
  const telling = new Map<string, { again: boolean }>();

  return {
    async tell(meshId, memberId) {
      const key = `${meshId}/${memberId}`;
      const under = telling.get(key);
      if (under !== undefined) {
        under.again = true;
        return;
      }
      const own = { again: false };
      telling.set(key, own);
      try {
        for (;;) {
          const link = parts.linkOf(meshId, memberId);
          const notices = link === null ? [] : await parts.store.takeNotices(meshId, memberId, pageItems);
          if (link === null) return;
          if (notices.length === 0) {
            if (!own.again) return;
            own.again = false;
            continue;
          }
          if ((await link.asks.ask({ type: "notices", items: notices.flatMap(noticeItem) })) === null) return;
          const ids = notices.map(({ notice_id }) => notice_id);
          await parts.store.dropNotices(meshId, memberId, ids);
        }
      } catch (thrown) {
        const error = ClaudemeshError.from(thrown).message;
        parts.log.warn({ mesh_id: meshId, error }, "expiry notices were not told");
      } finally {
        telling.delete(key);
      }
    },
  };
}

function noticeItem({ kind, client_message_id, destination, from_seq, to_seq }: ExpiryNotice): NoticeItem[] {
  if (kind === "gap") return [{ kind, destination, from_seq, to_seq }];
  if (client_message_id === null) return [];
  const reason = destination.startsWith("queue:")
    ? "acknowledged by nobody before the broker's retention was over or its queue was deleted"
    : "kept for the broker's whole retention and not fetched by everyone it was for";
  return [{ kind, client_message_id, reason }];
}
