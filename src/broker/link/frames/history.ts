import { requireUse } from "../../membership/rules.ts";
import { readLogPage } from "../../route/log-page.ts";
import { readableTopic } from "../../route/readable-topic.ts";
import { request } from "./frame-handler.ts";

/** Newest first. A page ends early when it would not fit a frame; `next_before_seq` goes on from there. */
export const onHistory = request<"history">(async (frame, link, parts) => {
  const limit = Math.max(1, Math.min(frame.limit, parts.limits.frameItemsMax));
  if (frame.address !== "dm") requireUse(await parts.membership.known(link.meshId), link.memberId, `#${frame.address}`);
  const address =
    frame.address === "dm"
      ? ({ kind: "dm" } as const)
      : await readableTopic(parts.store, link.meshId, link.memberId, frame.address);
  return readLogPage(
    (page) => parts.store.history(link.meshId, link.memberId, address, page),
    { beforeSeq: frame.before_seq, limit },
    parts.limits.frameBytesMax,
  );
});
