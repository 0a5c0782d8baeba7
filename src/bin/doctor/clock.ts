import { type DaemonCheck, ok, warning } from "./check.ts";

/** Ages and expiry are judged by both clocks; a minute is far more than networks need. */
const skewMsMax = 60_000;

export const check: DaemonCheck = {
  name: "clock",
  run(_host, { health }) {
    const skewMs = health?.link.clock_skew_ms ?? null;
    if (skewMs === null) return [];
    const seconds = Math.round(Math.abs(skewMs) / 1_000);
    if (Math.abs(skewMs) <= skewMsMax) return [ok("this host's clock and the broker's agree")];
    return [
      warning(
        `the broker's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} this host's`,
        "set both clocks by a time service: timedatectl status",
      ),
    ];
  },
};
