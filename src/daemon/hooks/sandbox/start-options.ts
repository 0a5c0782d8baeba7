import type { SpawnOptions } from "node:child_process";

/** How a hook's process is started: with a group of its own, nothing of the daemon's open in it, and its own executable at 3. */
export function startOptions(start: {
  readonly fd: number;
  readonly env: Readonly<Record<string, string>>;
  /** Whom it runs as; null: whoever runs the daemon. */
  readonly uid: number | null;
  /** Descriptors that it would get from this process (inherited-files.ts), and what it gets in their place. */
  readonly inherited: readonly number[];
  readonly nothing: number;
}): SpawnOptions {
  const { fd, env, uid, inherited, nothing } = start;
  const stdio: (number | "pipe" | "ignore")[] = ["pipe", "pipe", "pipe", fd];
  // What is "ignore" above 3 is left as it is, so that only these are replaced.
  for (const taken of inherited) if (taken > 3) stdio[taken] = nothing;
  return {
    stdio: Array.from(stdio, (entry) => entry ?? "ignore"),
    env: { ...env },
    cwd: "/",
    detached: true,
    ...(uid === null ? {} : { uid, gid: uid }),
  };
}
