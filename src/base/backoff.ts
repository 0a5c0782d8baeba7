/** Full jitter: a uniformly random delay up to an exponentially growing bound, so that clients of a broken server spread out. */
export interface BackoffRange {
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultBackoff: BackoffRange = { baseMs: 500, capMs: 30_000 };

/** Delay in milliseconds before attempt `attempt` (0 for the first retry). `random` returns [0, 1). */
export function fullJitter(
  attempt: number,
  range: BackoffRange = defaultBackoff,
  random: () => number = Math.random,
): number {
  const bound = Math.min(range.capMs, range.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * bound);
}
