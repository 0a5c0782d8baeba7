import { type Client, connect } from "../../../src/client/sdk.ts";

/** The client of the daemon that a `connect` request names; where it names none, of the one that the environment says. */
export function connectTo(request: Readonly<Record<string, unknown>>): Client {
  const { socket_path, port, token, home, mesh } = request as {
    readonly socket_path?: string;
    readonly port?: number;
    readonly token?: string;
    readonly home?: string;
    readonly mesh?: string;
  };
  if (socket_path !== undefined) return connect({ socketPath: socket_path });
  if (port !== undefined) return connect({ port, token: token ?? "" });
  return connect({ ...(home === undefined ? {} : { home }), ...(mesh === undefined ? {} : { mesh }) });
}
