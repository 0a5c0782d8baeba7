/** Bounds of hooks and their runs. */
export const hookLimits = {
  /** Runs at once, and of one hook: a slow one leaves room for the others. */
  runningMax: 8,
  runningOfOneMax: 4,
  /** Runs outside the list, for callers that wait for them. */
  calledNowMax: 16,
  /** Runs of one hook that wait; an event beyond them is dropped, and said to be. */
  waitingOfOneMax: 4_096,
  /** Runs that were begun and cut off by the daemon's end so often are not begun again: a hook may be what ends it. */
  attemptsMax: 3,
  /** Runs that are over and still listed. */
  endedMax: 10_000,
  endedForMs: 30 * 86_400_000,
  /** Of the event's JSON on standard input. */
  payloadBytesMax: 262_144,
  /** Of a message that a hook decides on: never less than all of it, with every character an escape, so that nothing hides at its end. */
  judgedBytesMax: 1_048_576,
  /** Of its standard error, the last. */
  saidBytesMax: 4_096,
  /** From being told to end until it is killed. */
  graceMs: 5_000,
  /** For what it has written before it ended, once nothing of it should be left that could write more. */
  drainMs: 1_000,
  /** What not even SIGKILL ends, waiting for a dead disk for instance, is left behind after so long. */
  unkillableMs: 10_000,
} as const;

export type HookLimits = { readonly [Name in keyof typeof hookLimits]: number };
