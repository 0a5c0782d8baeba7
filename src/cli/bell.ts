/** Wakes a loop that looks for work: rung however often in between, it looks once. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or at once if it rang since this resolved last. */
  rung(): Promise<void>;
}

export function createBell(): Bell {
  let ringing = false;
  let wake: () => void = () => {};
  return {
    ring() {
      ringing = true;
      wake();
    },
    async rung() {
      if (!ringing)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      ringing = false;
    },
  };
}
