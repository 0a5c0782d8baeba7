/** What a start has done, to be given back in the reverse order. */
export interface Undo {
  push(step: () => unknown): void;
  /** Every step, whatever becomes of the others; then rejects with the first error that there was. Once: later calls wait for the same. */
  run(): Promise<void>;
}

export function createUndo(): Undo {
  const steps: (() => unknown)[] = [];
  let running: Promise<void> | null = null;

  async function all(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of steps.toReversed()) {
      try {
        await step();
      } catch (thrown) {
        errors.push(thrown);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  return {
    push: (step) => void steps.push(step),
    run: () => (running ??= all()),
  };
}
