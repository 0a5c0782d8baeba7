import { readLogPage } from "../../route/log-page.ts";
import { request } from "./frame-handler.ts";

/** Newest first, of what the member may see. */
export const onMentions = request<"mentions">(async (frame, link, parts) => {
  const limit = Math.max(1, Math.min(frame.limit, parts.limits.frameItemsMax));
  return readLogPage(
    (page) => parts.store.mentions(link.meshId, link.memberId, page),
    { beforeSeq: frame.before_seq, limit },
    parts.limits.frameBytesMax,
  );
});
