import type { Client } from "../client/client.ts";
import type { CallOptions } from "../client/deadline.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** The daemon, which may be away at the start, come later, and be restarted in between. */
export interface DaemonAccess {
  /** `options` are to be passed to each call of the client. Throws what the call throws. */
  ask<T>(work: (client: Client, options: CallOptions) => Promise<T>, options?: CallOptions): Promise<T>;
  close(): void;
}

/** `connect` finds the daemon anew when none answered: it may be another socket by then. */
export function daemonAccess(connect: () => Client): DaemonAccess {
  let known: Client | null = null;
  let answered = false;
  return {
    async ask(work, options = {}) {
      known ??= connect();
      const client = known;
      try {
        // One that has answered before is restarting when nothing listens, and is waited for within the call's time.
        const value = await work(client, { ...options, answered });
        answered = true;
        return value;
      } catch (thrown) {
        if (!(thrown instanceof ClaudemeshError) || thrown.code !== "not_running") {
          answered ||= thrown instanceof ClaudemeshError && thrown.code !== "timed_out";
          throw thrown;
        }
        answered = false;
        if (known === client) known = null;
        client.close();
        throw thrown;
      }
    },
    close() {
      known?.close();
      known = null;
    },
  };
}
