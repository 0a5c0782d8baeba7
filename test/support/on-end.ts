/** What something lives as long as: a test, or what a test ends earlier. */
export interface Lifetime {
  after(end: () => Promise<void>): void;
}

const tasks = new WeakMap<Lifetime, (() => unknown)[]>();

/** Runs when the test ends, the last one registered first: processes stop before the folders they work in go. */
export function onEnd(t: Lifetime, task: () => unknown): void {
  const known = tasks.get(t);
  if (known !== undefined) {
    known.push(task);
    return;
  }
  const own = [task];
  tasks.set(t, own);
  t.after(async () => {
    let failure: { readonly reason: unknown } | null = null;
    for (const run of own.toReversed()) {
      try {
        await run();
      } catch (reason) {
        failure ??= { reason };
      }
    }
    if (failure !== null) throw failure.reason;
  });
}

/** A lifetime within another, that can be ended before it. */
export function lifetimeWithin(t: Lifetime): Lifetime & { end(): Promise<void> } {
  let tasks: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    const due = tasks;
    tasks = [];
    for (const task of due) await task();
  };
  onEnd(t, end);
  return { after: (task) => void tasks.push(task), end };
}
