/** Ends a wait for what does not come. */
export interface QuietTimer {
  readonly signal: AbortSignal;
  /** The time begins now, anew if it ran already. */
  begin(): void;
  /** The time stands still until it begins anew. */
  pause(): void;
}

/** A signal that is aborted when nothing happened for so long; never, when `quietMs` is null. */
export function createQuietTimer(quietMs: number | null): QuietTimer {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const pause = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  return {
    signal: controller.signal,
    begin() {
      pause();
      if (quietMs !== null) timer = setTimeout(() => controller.abort(), quietMs);
    },
    pause,
  };
}
