import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { ClaudemeshError } from "../../protocol/error.ts";
import { answerJson, answerProblem } from "./answer.ts";
import { closeServer, listen } from "./public-server.ts";
import { readJsonBody } from "./json-body.ts";

const connectionsMax = 64;

/** One administrative request. `params` are the path's placeholders. */
export interface AdminRoute {
  readonly method: "GET" | "POST";
  /** For example `/v1/meshes/:mesh_id/members`. */
  readonly path: string;
  readonly status: number;
  run(params: Readonly<Record<string, string>>, body: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** HTTP/JSON on a unix socket of mode 0600 in a folder of mode 0700: whoever can open it is the broker's user. */
export interface AdminServer {
  listen(path: string): Promise<void>;
  close(): Promise<void>;
}

export function createAdminServer(routes: readonly AdminRoute[], bodyBytesMax: number): AdminServer {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { pathname } = new URL(request.url ?? "/", "http://broker");
      const found = routes.flatMap((route) => {
        const params = match(route.path, pathname);
        return params === null ? [] : [{ route, params }];
      });
      if (found.length === 0) throw new ClaudemeshError("not_found", "There is no such administrative address.");
      const chosen = found.find(({ route }) => route.method === request.method);
      if (chosen === undefined) {
        const allow = found.map(({ route }) => route.method).join(", ");
        return answerProblem(response, new ClaudemeshError("method_not_allowed", `Only ${allow} is answered here.`), {
          allow,
        });
      }
      const body = request.method === "POST" ? await readJsonBody(request, bodyBytesMax) : {};
      answerJson(response, chosen.route.status, await chosen.route.run(chosen.params, body));
    } catch (thrown) {
      answerProblem(response, thrown);
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  server.maxConnections = connectionsMax;
  return {
    async listen(path) {
      await removeStale(path);
      // The folder is 0700, so the moment before chmod opens the socket to nobody.
      await listen(server, { path });
      chmodSync(path, 0o600);
    },
    close: () => closeServer(server),
  };
}

function match(pattern: string, pathname: string): Record<string, string> | null {
  const names = pattern.split("/");
  const parts = pathname.split("/");
  if (names.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const part = parts[index] ?? "";
    if (name.startsWith(":")) params[name.slice(1)] = part;
    else if (name !== part) return null;
  }
  return params;
}

/** A socket file without a listener is left by a kill. One that answers belongs to somebody alive. */
async function removeStale(path: string): Promise<void> {
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (alive) throw new ClaudemeshError("already_running", `Another process answers on ${path}.`);
  rmSync(path, { force: true });
}
