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
