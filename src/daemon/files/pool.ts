/** Does `work` on each item, at most `atOnce` of them at a time. The first failure ends it, once what was begun has ended. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, place: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const place = next++;
      try {
        await work(items[place] as T, place);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
