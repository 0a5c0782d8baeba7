import { ClaudemeshError } from "../protocol/error.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const durationMsMax = 86_400_000;

/** Milliseconds of `500ms`, `30s`, `5m`, `1h`; a bare number counts seconds. At most a day. Throws `usage`. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] ?? "s"] ?? Number.NaN);
  if (!(ms > 0) || ms > durationMsMax) {
    throw new ClaudemeshError("usage", `${option} ${text}: not a duration`, {
      hint: `for example ${option} 30s; ms, s, m and h are known, up to 24h`,
    });
  }
  return ms;
}
