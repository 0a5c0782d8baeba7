import type { Containment } from "./containment.ts";

/**
 * Hooks where nothing holds them to their policies: those that say so run as the user, the others do not run. The daemon's own socket
 * is what such a hook has anyway.
 */
export function createUncontained(options: { readonly socketPath: string; readonly cwd: string }): Containment {
  return {
    async start() {},
    async stop() {},
    enforcement: async () => ({ by: null, missing: [], bounds: [] }),
    async launch({ path, env, unenforced }) {
      if (unenforced !== "run")
        return { kind: "refused", reason: 'this host cannot hold it to its policies, and `unenforced` is "refuse"' };
      return {
        kind: "run",
        enforced: false,
        command: path,
        args: [],
        options: {
          cwd: options.cwd,
          env: { ...env, CLAUDEMESH_DAEMON_SOCK: options.socketPath },
          detached: true,
          stdio: ["pipe", "pipe", "pipe"],
        },
        async signal(pid, signal) {
          process.kill(-pid, signal);
        },
        calls: () => [],
        async cleanup() {},
      };
    },
  };
}
