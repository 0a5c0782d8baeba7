import { readEntry } from "../../../protocol/membership/read-entry.ts";
import { activeMember, isAdmin } from "../../../protocol/membership/state.ts";
import { requireInviteOpenNow } from "../../membership/rules.ts";
import { request } from "./frame-handler.ts";

/**
 * Any member may hand any entry in, also another's that this broker lost: each proves itself by its signature, and who may say what is
 * the chain's to judge.
 */
export const onMembershipAppend = request<"membership_append">(async (frame, link, parts) => {
  const entry = readEntry(frame.entry);
  const { n, head: hash } = await parts.membership.append(link.meshId, [entry], {
    begins: true,
    check(_, state) {
      const member = state === null ? null : activeMember(state, link.memberId);
      // Owners and admins take in whom they like: they may also bring back who joined before the broker lost it.
      if (member === null || !isAdmin(member)) requireInviteOpenNow(entry, state, parts.clock.now());
    },
  });
  return { n, hash };
});
