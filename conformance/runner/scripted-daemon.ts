import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { type Lifetime, onEnd } from "../../test/support/on-end.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { bodyOf, type SeenRequest, seenRequests } from "./seen-request.ts";

/** One answer of a script. */
export interface ScriptedAnswer {
  /** Only requests of this path get it; absent: any. */
  readonly path?: string;
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, as JSON. */
  readonly json?: unknown;
  /** The body, as it is. */
  readonly text?: string;
  /** The connection ends after so many bytes of the body, whose length was announced. */
  readonly cut_after?: number;
}

/** Something that answers in a daemon's place what a scenario says: a later version, a broken one, one under load. */
export interface ScriptedDaemon {
  readonly socketPath: string;
  /** Each answers one request, in their order. */
  add(answers: readonly ScriptedAnswer[]): void;
  seen(path: string | undefined): readonly SeenRequest[];
}

export async function scriptedDaemon(t: Lifetime): Promise<ScriptedDaemon> {
  const requests = seenRequests();
  const sockets = new Set<Socket>();
  let script: ScriptedAnswer[] = [];

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path } = requests.note(request, await bodyOf(request));
    const answer = script.find((one) => one.path === undefined || one.path === path);
    if (answer === undefined) return void response.destroy();
    script = script.filter((one) => one !== answer);
    say(response, answer);
  };

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const socketPath = join(tempFolder(t), "scripted.sock");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onEnd(t, async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { socketPath, add: (answers) => void script.push(...answers), seen: requests.list };
}

function say(response: ServerResponse, { status = 200, headers = {}, json, text, cut_after }: ScriptedAnswer): void {
  const body = Buffer.from(text ?? JSON.stringify(json ?? {}));
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type, "content-length": body.length, ...headers });
  if (cut_after === undefined) return void response.end(body);
  // Without a byte of the body, its head is what arrives.
  if (cut_after === 0) response.flushHeaders();
  response.write(body.subarray(0, cut_after), () => response.destroy());
}
