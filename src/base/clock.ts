/** Time as the rest of the program sees it. Injected, so that tests move it by hand and never sleep. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `run` once after `delayMs`; the timer never keeps the process alive. */
  after(delayMs: number, run: () => void): Timer;
}

/** A pending call of {@link Clock.after}. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
