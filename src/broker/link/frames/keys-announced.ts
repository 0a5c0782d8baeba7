import { request } from "./frame-handler.ts";

/** Those that the chain has are in it; this tells of the others. */
export const onKeysAnnounced = request<"keys_announced">(async (_frame, link, parts) => {
  const chain = await parts.membership.known(link.meshId);
  const members = await parts.store.announcedKeys(link.meshId);
  return { members: members.filter(({ member_id }) => chain?.members.has(member_id) !== true) };
});
