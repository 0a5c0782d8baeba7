import type { Clock, Timer } from "../../base/clock.ts";

/** Pings a peer and gives up on one that stays silent. A link whose socket we do not read ourselves is not silent. */
export interface Liveness {
  heard(): void;
  stop(): void;
}

export function startLiveness(options: {
  clock: Clock;
  pingIntervalMs: number;
  silenceMs: number;
  reading: () => boolean;
  ping: () => void;
  alive: () => void;
  silent: () => void;
}): Liveness {
  const { clock } = options;
  let heardAt = clock.now();
  let heardSinceTick = false;
  let pingAt = heardAt + options.pingIntervalMs;
  let timer: Timer;

  function schedule(): void {
    const now = clock.now();
    timer = clock.after(Math.max(1, Math.min(pingAt, heardAt + options.silenceMs) - now), tick);
  }

  function tick(): void {
    const now = clock.now();
    if (!options.reading()) heardAt = now;
    if (now - heardAt >= options.silenceMs) return options.silent();
    if (now >= pingAt) {
      pingAt = now + options.pingIntervalMs;
      options.ping();
      if (heardSinceTick) options.alive();
      heardSinceTick = false;
    }
    schedule();
  }

  schedule();
  return {
    heard() {
      heardAt = clock.now();
      heardSinceTick = true;
    },
    stop: () => timer.cancel(),
  };
}
