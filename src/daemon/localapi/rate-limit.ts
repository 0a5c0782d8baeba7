/** Sustained requests per second and the burst above them, per token on TCP (host.md, "Local API"). */
const requestsPerSecond = 100;
export const requestBurst = 1_000;

/**
 * GCRA: one number, the time at which the bucket would be full again. `take` answers 0 when the request may pass,
 * else the milliseconds after which one may.
 */
export function createRateLimit(
  options: { readonly perSecond: number; readonly burst: number } = {
    perSecond: requestsPerSecond,
    burst: requestBurst,
  },
): {
  take(now: number): number;
} {
  const intervalMs = 1_000 / options.perSecond;
  const toleranceMs = intervalMs * options.burst;
  let fullAt = 0;
  return {
    take(now) {
      // A clock set back would otherwise lock the caller out until it has caught up.
      if (fullAt - now > toleranceMs) fullAt = now + toleranceMs;
      const next = Math.max(fullAt, now) + intervalMs;
      const excess = next - now - toleranceMs;
      if (excess > 1e-6) return Math.max(1, Math.ceil(excess));
      fullAt = next;
      return 0;
    },
  };
}
