import type { LogPage, PushItem } from "../../protocol/frames.ts";
import type { LogMessage } from "../store/store.ts";
import { pushItem } from "./push-entry.ts";

/** What an item takes in a frame beside its body and meta. */
const itemBytes = 2_048;

/** One page of at most `bytesMax` bytes, though one message at least. `messages` are newest first, `limit` at most. */
function logPage(messages: readonly LogMessage[], limit: number, bytesMax: number): LogPage {
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

/** Messages of one reading: what a page has no room for is read in vain. */
const readAtOnce = 64;

/** One page as {@link logPage} cuts it, read by and by: large messages fill it long before `limit` of them are in memory. */
export async function readLogPage(
  read: (page: { beforeSeq: number | null; limit: number }) => Promise<readonly LogMessage[]>,
  { beforeSeq, limit }: { readonly beforeSeq: number | null; readonly limit: number },
  bytesMax: number,
): Promise<LogPage> {
  const messages: LogMessage[] = [];
  for (let before = beforeSeq; messages.length < limit; ) {
    const asked = Math.min(readAtOnce, limit - messages.length);
    const some = await read({ beforeSeq: before, limit: asked });
    messages.push(...some);
    if (some.length < asked) break;
    before = some.at(-1)?.seq ?? null;
    const page = logPage(messages, limit, bytesMax);
    if (page.items.length < messages.length) return page;
  }
  return logPage(messages, limit, bytesMax);
}
