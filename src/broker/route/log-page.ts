import type { LogPage, PushItem } from "../../protocol/frames.ts";
import type { LogMessage } from "../store/store.ts";
import { pushItem } from "./push-entry.ts";

/** What an item takes in a frame beside its body and meta. */
const itemBytes = 2_048;

/** One page of at most `bytesMax` bytes, though one message at least. `messages` are newest first, `limit` at most. */
export function logPage(messages: readonly LogMessage[], limit: number, bytesMax: number): LogPage {
  const items: PushItem[] = [];
  let bytes = 0;
  for (const message of messages) {
    bytes += message.envelope.body.length + message.envelope.meta.length * 3 + itemBytes;
    if (items.length > 0 && bytes > bytesMax) break;
    items.push(pushItem(message));
  }
  const more = messages.length === limit || items.length < messages.length;
  return { items, next_before_seq: more ? (items.at(-1)?.seq ?? null) : null };
}
