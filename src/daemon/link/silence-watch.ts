import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { limits } from "../../protocol/limits.ts";
import type { LinkOptions } from "./link.ts";

export interface Liveness {
  readonly pingIntervalMs: number;
  readonly silenceMs: number;
}

/**
 * A half-open connection delivers nothing and reports nothing: both sides watch for silence. An idle link is pinged, and one over which
 * nothing has come for too long is given up. Another rhythm, when it comes, is in force at once.
 */
export function watchSilence(
  {
    liveness,
    onLivenessChange,
    clock,
    log,
  }: Pick<LinkOptions, "liveness" | "onLivenessChange"> & { readonly clock: Clock; readonly log: Log },
  socket: { ping(): void; terminate(): void },
  heardAt: () => number,
): { stop(): void } {
  let { pingIntervalMs, silenceMs }: Liveness = liveness ?? limits;
  let timer = clock.after(pingIntervalMs, watch);
  function watch(): void {
    const silentMs = clock.now() - heardAt();
    if (silentMs >= silenceMs) {
      log.warn({ silent_ms: silentMs }, "the broker fell silent");
      socket.terminate();
      return;
    }
    socket.ping();
    timer = clock.after(Math.min(pingIntervalMs, silenceMs - silentMs), watch);
  }
  const unfollow = onLivenessChange?.((changed) => {
    ({ pingIntervalMs, silenceMs } = changed);
    timer.cancel();
    watch();
  });
  return {
    stop() {
      timer.cancel();
      unfollow?.();
    },
  };
}
