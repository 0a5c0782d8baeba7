import { limits } from "../../../protocol/limits.ts";
import { request } from "./frame-handler.ts";

/** As many as one frame of wraps answers. */
export const onKeysWanted = request<"keys_wanted">((_frame, link, parts) =>
  parts.store.wantedWraps(link.meshId, link.memberId, limits.wrapsMax),
);
