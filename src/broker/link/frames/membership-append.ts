import { readEntry } from "../../../protocol/membership/read-entry.ts";
import { request } from "./frame-handler.ts";

/**
 * Any member may hand any entry in, also another's that this broker lost: each proves itself by its signature, and who may say what is
 * the chain's to judge.
 */
export const onMembershipAppend = request<"membership_append">(async (frame, link, parts) => {
  const { n, head: hash } = await parts.membership.append(link.meshId, [readEntry(frame.entry)], { begins: true });
  return { n, hash };
});
