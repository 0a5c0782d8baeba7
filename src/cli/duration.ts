import { ClaudemeshError } from "../protocol/error.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const dayMs = 86_400_000;

/** Milliseconds of `500ms`, `30s`, `5m`, `1h`, `7d`; a bare number counts seconds. At most a day, or `msMax`. Throws `usage`. */
export function parseDuration(text: string, option: string, msMax = dayMs): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] ?? "s"] ?? Number.NaN);
  if (ms > msMax)
    throw new ClaudemeshError("usage", `${option} ${text}: too long`, { hint: `at most ${longest(msMax)}` });
  if (!(ms > 0))
    throw new ClaudemeshError("usage", `${option} ${text}: not a duration`, {
      hint: `for example ${option} 30s; more than 0 of ms, s, m, h or d, up to ${longest(msMax)}`,
    });
  return ms;
}

/** In the largest unit that it is whole in; a day is 24 hours here. */
function longest(ms: number): string {
  const unit = ["d", "h", "m", "s"].find((name) => ms % (unitMs[name] ?? 1) === 0 && ms !== unitMs[name]) ?? "ms";
  return `${ms / (unitMs[unit] ?? 1)}${unit}`;
}
