/** Work of which so much goes on at once; what is beyond waits in the order in which it came. */
export interface Turns {
  begin(): Promise<void>;
  /** Hands the turn on. */
  end(): void;
}

export function createTurns(max: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    begin() {
      if (running >= max) return new Promise((resolve) => waiting.push(resolve));
      running += 1;
      return Promise.resolve();
    },
    end() {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    },
  };
}
