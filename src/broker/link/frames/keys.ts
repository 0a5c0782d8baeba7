import { request } from "./frame-handler.ts";

/** Page by page; what the member may not use is not told. */
export const onKeys = request<"keys">(async (frame, link, parts) => {
  const { frameItemsMax } = parts.limits;
  const { items, through, more } = await parts.store.keysAbove(link.meshId, link.memberId, frame.after, frameItemsMax);
  const { epoch: log_epoch } = await parts.store.log(link.meshId);
  const last = items.at(-1);
  if (!more || last === undefined) return { items, through, next_after: null, log_epoch };
  return { items, through: last.key_seq, next_after: last.key_seq, log_epoch };
});
