import { ClaudemeshError } from "../protocol/error.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const dayMs = 86_400_000;

/** Milliseconds of `500ms`, `30s`, `5m`, `1h`, `7d`; a bare number counts seconds. At most a day, or `msMax`. Throws `usage`. */
export function parseDuration(text: string, option: string, msMax = dayMs): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] ?? "s"] ?? Number.NaN);
  if (!(ms > 0) || ms > msMax) {
    throw new ClaudemeshError("usage", `${option} ${text}: not a duration`, {
      hint: `for example ${option} 30s; ms, s, m, h and d are known, up to ${msMax <= dayMs ? "24h" : `${Math.floor(msMax / dayMs)}d`}`,
    });
  }
  return ms;
}
