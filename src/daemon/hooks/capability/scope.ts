import type { CapabilityScope } from "../../../protocol/hook-settings.ts";

/** The event that a hook runs for, as far as its token is bound to it. */
export interface HookEvent {
  /** Unique in this daemon, and the same when the hook is run for it again. */
  readonly id: string;
  /** `@name` or `@name/agent` of the message's sender; null: the event is no message, or its sender cannot be answered. */
  readonly from: string | null;
  /** `#name` of the topic that the message was posted to; null: it was not. */
  readonly topic: string | null;
}

/** A scope with the event in the places that hooks.toml leaves open: exactly what one token may do. */
export type GrantedScope =
  | { readonly scope: "reply:event" }
  | { readonly scope: "dm:send:<sender>"; readonly to: string }
  | { readonly scope: "topic:<topic>:post"; readonly to: string };

/** What of the configured scopes there is for an event: no sender, nobody to write to. */
export function grantedScopes(configured: readonly CapabilityScope[], event: HookEvent): readonly GrantedScope[] {
  return [...new Set(configured)].map((scope) => grant(scope, event)).filter((granted) => granted !== null);
}

function grant(scope: CapabilityScope, { from, topic }: HookEvent): GrantedScope | null {
  switch (scope) {
    case "reply:event":
      return from === null && topic === null ? null : { scope };
    case "dm:send:<sender>":
      return from === null ? null : { scope, to: from };
    case "topic:<topic>:post":
      return topic === null ? null : { scope, to: topic };
  }
}
