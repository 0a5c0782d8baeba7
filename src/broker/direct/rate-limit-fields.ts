import type { BrokerLimits } from "../broker-limits.ts";
import type { LimitDecision } from "../limit/limiter.ts";

/** What each field tells, for the API's description. */
export const rateLimitHeaders = {
  "ratelimit-policy":
    "What may be sent in which time: `\"messages\";q=QUOTA;w=SECONDS`, the smaller of the member's and the mesh's",
  ratelimit:
    "What is left of it, and in how many seconds all of it is back. Absent where nothing was spent, as for a retry",
};

const policy = "messages";

/**
 * The RateLimit fields of draft-ietf-httpapi-ratelimit-headers. The budget refills steadily and not at the end of a window:
 * the window is the time in which an empty one is full again.
 */
export function rateLimitFields(
  limits: Pick<BrokerLimits, "memberRate" | "memberBurst" | "meshRate" | "meshBurst">,
  decision: LimitDecision | null,
): Readonly<Record<string, string>> {
  const [rate, burst] =
    limits.memberBurst <= limits.meshBurst
      ? [limits.memberRate, limits.memberBurst]
      : [limits.meshRate, limits.meshBurst];
  const fields = { "ratelimit-policy": `"${policy}";q=${burst};w=${Math.max(1, Math.ceil(burst / rate))}` };
  if (decision?.kind === "limited")
    return { ...fields, ratelimit: `"${policy}";r=0;t=${seconds(decision.retryAfterMs)}` };
  if (decision?.kind !== "allowed" || decision.remaining === undefined) return fields;
  const { remaining, resetMs = 0 } = decision;
  return { ...fields, ratelimit: `"${policy}";r=${remaining};t=${seconds(resetMs)}` };
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
