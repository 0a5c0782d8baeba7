import type { Directory } from "../parts.ts";

export const me = "a".repeat(64);
export const bob = "b".repeat(64);
export const self = { memberId: me, name: "ada" };
/** Two members, this one first, as a broker told of them, with what they share. */
export const directory: Directory = {
  told_at: "2026-01-02T00:00:00.000Z",
  members: [
    { member_id: me, name: "ada", role: "owner", online: true, agents: [], last_seen_at: null },
    {
      member_id: bob,
      name: "bob",
      role: "member",
      online: false,
      agents: ["reviewer"],
      last_seen_at: "2026-01-01T00:00:00.000Z",
    },
  ],
  topics: [{ topic_id: "t", name: "ops", subscribers: 2, subscribed: true }],
};

/** Nobody is behind the member. */
export const noAgents = { names: () => [], there: () => [] };
