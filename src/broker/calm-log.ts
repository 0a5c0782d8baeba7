import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

const everyMs = 60_000;

/**
 * A log in which a store that is away is told once a minute by each of those who ask it, however many links try again every half
 * second; `times` says how often it was found away since it was told last. Everything else passes.
 */
export function calmLog(log: Log, clock: Clock): Log {
  const told = new Map<string, { at: number; times: number }>();
  const calm = (write: Log["warn"]): Log["warn"] => {
    return (fields, message) => {
      if (fields["code"] !== "store_unavailable") return write(fields, message);
      const before = told.get(message) ?? { at: Number.NEGATIVE_INFINITY, times: 0 };
      const times = before.times + 1;
      if (clock.now() - before.at < everyMs) return void told.set(message, { at: before.at, times });
      told.set(message, { at: clock.now(), times: 0 });
      write(times === 1 ? fields : { ...fields, times }, message);
    };
  };
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: calm((fields, message) => log.warn(fields, message)),
    error: calm((fields, message) => log.error(fields, message)),
  };
}
