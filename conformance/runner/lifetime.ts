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

/** One that ends with this process too, when that is interrupted: what was started does not stay behind. */
export function processLifetime(): { readonly life: Lifetime; end(): Promise<void> } {
  const own = lifetime();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void own.end().finally(() => process.exit(1)));
  return own;
}
