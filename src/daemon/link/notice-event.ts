import type { NoticeItem } from "../../protocol/notice-frames.ts";
import type { LocalEvent, MessageView } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";

/**
 * What local listeners are told when the broker gave up a message before everyone it was for had it, or had done with it.
 * `sent` finds what this member has sent, by the id on the wire.
 */
export function noticeEvent(
  item: NoticeItem,
  now: number,
  sent: (wireId: string) => MessageView | null,
): { event: LocalEvent["event"]; data: Record<string, unknown> } {
  if (item.kind === "gap") {
    const { destination, from_seq, to_seq } = item;
    return { event: "gap", data: { destination, from_history_id: from_seq, to_history_id: to_seq } };
  }
  const message = sent(item.client_message_id);
  return {
    event: "receipt",
    data: {
      client_message_id: message?.client_message_id ?? item.client_message_id,
      ...(message === null ? {} : { outbox_id: message.outbox_id, status: message.status }),
      stage: "expired",
      reason: item.reason,
      at: rfc3339(now),
    },
  };
}
