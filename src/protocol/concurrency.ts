/** What a mesh does when two daemons use one member's keys (wire.md §1). */
export const concurrencyPolicies = ["prefer_newest", "prefer_oldest", "allow_concurrent"] as const;
export type ConcurrencyPolicy = (typeof concurrencyPolicies)[number];

/** Of a mesh whose owners and admins have said nothing of it. */
export const defaultConcurrencyPolicy: ConcurrencyPolicy = "prefer_newest";
