import type { Client } from "../../../src/client/client.ts";
import { connect } from "../../../src/client/connect.ts";
import { findDaemonDir, homeOf, meshOf } from "../../../src/client/find-daemon.ts";

/** The client of the daemon that a `connect` request names; where it names none, of the one that the environment says. */
export function connectTo(
  request: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Client {
  const { socket_path, port, token, home, mesh } = request as {
    readonly socket_path?: string;
    readonly port?: number;
    readonly token?: string;
    readonly home?: string;
    readonly mesh?: string;
  };
  if (socket_path !== undefined) return connect({ socketPath: socket_path });
  if (port !== undefined) return connect({ port, token: token ?? "" });
  return connect({ dir: findDaemonDir(home ?? homeOf(env), mesh ?? meshOf(env)) });
}
