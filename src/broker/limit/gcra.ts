/**
 * Generic cell rate algorithm over integer microseconds. The whole state of a key is one number, its theoretical
 * arrival time: when the bucket would be full again. Each message moves it `intervalUs` on; it may lead the clock by
 * at most `burst` intervals. So in any stretch of t seconds at most burst + rate·t messages pass.
 */
export interface Rate {
  readonly intervalUs: number;
  readonly leadMaxUs: number;
}

/** `perSecond` 1 … 1,000,000 and `burst` ≥ 1. Rounds the interval up, so the rate is never exceeded. */
export function rateOf(perSecond: number, burst: number): Rate {
  const intervalUs = Math.max(1, Math.ceil(1_000_000 / perSecond));
  return { intervalUs, leadMaxUs: intervalUs * Math.max(1, Math.floor(burst)) };
}

/**
 * The arrival time to go on from. A lead above the maximum can only come from a clock that was set back: it is
 * clamped to an empty bucket, so that a jump of an hour costs one refill and not an hour of refusals.
 */
export function clampArrival(arrivalUs: number | undefined, nowUs: number, rate: Rate): number {
  if (arrivalUs === undefined || arrivalUs < nowUs) return nowUs;
  return Math.min(arrivalUs, nowUs + rate.leadMaxUs);
}

/** Microseconds until one message may pass; 0: now. `arrivalUs` is clamped. */
export function waitUs(arrivalUs: number, nowUs: number, rate: Rate): number {
  return Math.max(0, arrivalUs + rate.intervalUs - nowUs - rate.leadMaxUs);
}
