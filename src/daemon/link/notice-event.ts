import type { NoticeItem } from "../../protocol/frames.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";

/** What local listeners are told when the broker's retention passed a message before everyone had it. */
export function noticeEvent(
  item: NoticeItem,
  now: number,
): { event: LocalEvent["event"]; data: Record<string, unknown> } {
  if (item.kind === "gap") {
    const { destination, from_seq, to_seq } = item;
    return { event: "gap", data: { destination, from_history_id: from_seq, to_history_id: to_seq } };
  }
  const { client_message_id, reason } = item;
  return { event: "receipt", data: { client_message_id, stage: "expired", reason, at: rfc3339(now) } };
}
