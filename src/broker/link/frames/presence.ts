import { request } from "./frame-handler.ts";

/** What the member's daemon tells of its agents, from now on. */
export const onPresence = request<"presence">(async ({ agents, agents_told }, link, parts) => {
  await parts.presence.changed(link, { agents, agents_told });
  return {};
});
