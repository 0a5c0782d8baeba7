import type { TestContext } from "node:test";

const tasks = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs when the test ends, the last one registered first: processes stop before the folders they work in go. */
export function onEnd(t: TestContext, task: () => unknown): void {
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
