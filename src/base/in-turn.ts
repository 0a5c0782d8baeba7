/** One work after the other, in the order in which they were given; one that fails keeps nobody behind it. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createInTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // Its failure is its caller's, who has the promise itself.
    last = result.catch(() => undefined);
    return result;
  };
}

/**
 * One work, again and again: whoever asks while it runs waits for one more, which begins afterwards and so sees all that they had
 * seen; those who wait for the same one share it.
 */
export function createTogether(work: () => Promise<void>): () => Promise<void> {
  const inTurn = createInTurn();
  let waiting: Promise<void> | null = null;
  return () => {
    waiting ??= inTurn(() => {
      waiting = null;
      return work();
    });
    return waiting;
  };
}
