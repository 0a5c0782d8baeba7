/** What a capability token may be for, as hooks.toml writes it: of the event alone, its sender, its topic. */
export const capabilityScopes = ["reply:event", "dm:send:<sender>", "topic:<topic>:post"] as const;
export type CapabilityScope = (typeof capabilityScopes)[number];

export const networkPolicies = ["none", "host"] as const;
export const fsPolicies = ["private", "read-only", "host"] as const;
export const unenforcedChoices = ["refuse", "run"] as const;
export const auditChoices = ["full", "outcome", "failures"] as const;
export const failureChoices = ["refuse", "send"] as const;

/** Settings of one hook, a table of hooks.toml. */
export interface HookSettings {
  readonly enabled: boolean;
  readonly timeout_s: number;
  readonly output_size_limit: number;
  readonly redact_payload: boolean;
  readonly allow_reply: boolean;
  readonly capability_token_scope: readonly CapabilityScope[];
  readonly network_policy: (typeof networkPolicies)[number];
  readonly fs_policy: (typeof fsPolicies)[number];
  readonly unenforced: (typeof unenforcedChoices)[number];
  readonly audit: (typeof auditChoices)[number];
  readonly on_failure: (typeof failureChoices)[number];
}
