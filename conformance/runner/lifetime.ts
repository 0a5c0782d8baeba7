import type { Lifetime } from "../../test/support/on-end.ts";

/** A lifetime that nobody else ends. */
export function lifetime(): { readonly life: Lifetime; end(): Promise<void> } {
  const tasks: (() => Promise<void>)[] = [];
  return {
    life: { after: (task) => void tasks.push(task) },
    async end() {
      for (const task of tasks.splice(0)) await task();
    },
  };
}
