import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";
import { type Client, createClient } from "./client.ts";
import { daemonSocket, findDaemonDir, homeOf, meshOf, readDaemonFile } from "./find-daemon.ts";
import { createHttpClient, type Endpoint } from "./http/http-client.ts";

/**
 * A daemon by its unix socket, by its loopback port and token, by its folder `<home>/daemon/<slug>`, or by the home and
 * the mesh. What a home and mesh leave out is as {@link connect} finds it.
 */
export type Target =
  | { readonly socketPath: string }
  | { readonly port: number; readonly token: string }
  | { readonly dir: string }
  | { readonly home?: string; readonly mesh?: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A client of one daemon. Without a target it is the one at CLAUDEMESH_DAEMON_SOCK; else the one of CLAUDEMESH_MESH, or
 * the only one, in CLAUDEMESH_HOME or `~/.claudemesh`. Throws not_running where there is none, and usage where there are
 * several. Nothing is dialled yet: the first call finds out whether it runs.
 */
export function connect(target: Target = {}, env: Environment = process.env): Client {
  return createClient(createHttpClient(endpointOf(target, env)));
}

export function endpointOf(target: Target, env: Environment, platform: NodeJS.Platform = process.platform): Endpoint {
  if ("port" in target) return { kind: "tcp", port: target.port, token: target.token };
  if ("socketPath" in target) return { kind: "unix", path: target.socketPath };
  if ("dir" in target) return endpointIn(target.dir, platform);
  const socket = env["CLAUDEMESH_DAEMON_SOCK"] ?? "";
  const namesNone = target.home === undefined && target.mesh === undefined;
  if (namesNone && socket !== "") return { kind: "unix", path: socket };
  return endpointIn(findDaemonDir(target.home ?? homeOf(env), target.mesh ?? meshOf(env)), platform);
}

/** The daemon's socket; on Windows, where Node dials pipes only, its port with the token beside it. */
function endpointIn(dir: string, platform: NodeJS.Platform): Endpoint {
  if (platform !== "win32") return { kind: "unix", path: daemonSocket(dir) };
  const port = readDaemonFile(dir)?.http_port ?? null;
  if (port === null) throw notServing(dir, "it serves no port, or does not run");
  try {
    return { kind: "tcp", port, token: readFileSync(join(dir, "local_token"), "utf8").trim() };
  } catch (cause) {
    throw notServing(dir, "its local_token cannot be read", cause);
  }
}

function notServing(dir: string, why: string, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError("not_running", `no daemon of ${dir} can be reached: ${why}`, {
    hint: "claudemesh up",
    ...(cause === undefined ? {} : { cause }),
  });
}
