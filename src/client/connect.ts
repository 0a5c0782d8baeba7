import { type Client, createClient } from "./client.ts";
import { daemonSocket } from "./find-daemon.ts";
import { createHttpClient } from "./http/http-client.ts";

/** A daemon by its unix socket, by its loopback port and token, or by its folder `<home>/daemon/<slug>`. */
export type Target =
  | { readonly socketPath: string }
  | { readonly port: number; readonly token: string }
  | { readonly dir: string };

/** A client of one daemon. Nothing is dialled yet: the first call finds out whether it runs. */
export function connect(target: Target): Client {
  if ("port" in target) return createClient(createHttpClient({ kind: "tcp", port: target.port, token: target.token }));
  const path = "dir" in target ? daemonSocket(target.dir) : target.socketPath;
  return createClient(createHttpClient({ kind: "unix", path }));
}
