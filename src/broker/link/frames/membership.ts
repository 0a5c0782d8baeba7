import { request } from "./frame-handler.ts";

/** Every member reads the whole chain: it is what it knows the others by. */
export const onMembership = request<"membership">((frame, link, parts) =>
  parts.membership.page(link.meshId, frame.after),
);
