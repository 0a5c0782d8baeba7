import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { type Lifetime, onEnd } from "../../test/support/on-end.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { bodyOf, type SeenRequest, seenRequests } from "./seen-request.ts";

/** Stands before a daemon's socket, shows what its client asks, and loses the daemon's answers on command. */
export interface AnswerProxy {
  readonly socketPath: string;
  /**
   * The next `count` answers to requests of `path` do not reach the client: the daemon has done what was asked, and after `afterBytes` of
   * the answer's body the connection is gone. 0: also its head is lost.
   */
  loseAnswers(rule: LosingRule): void;
  /** Ends every connection at once; with `hold`, requests wait for their release from then on. */
  cut(hold: boolean): void;
  /** Requests that were kept back go on to the daemon. */
  release(): void;
  seen(path: string | undefined): readonly SeenRequest[];
}

export interface LosingRule {
  readonly path: string;
  readonly count: number;
  readonly afterBytes: number;
  /** From the last lost answer on, requests wait for their release before they reach the daemon. */
  readonly hold: boolean;
}

/** `daemon` is asked at each request for its socket. */
export async function answerProxy(t: Lifetime, daemon: () => string): Promise<AnswerProxy> {
  const requests = seenRequests();
  const sockets = new Set<Socket>();
  const rules: (LosingRule & { left: number })[] = [];
  let held: PromiseWithResolvers<void> | null = null;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const { path } = requests.note(request, body);
    await held?.promise;
    const { method, url, headers } = request;
    const onward = forward({ socketPath: daemon(), method, path: url, headers, agent: false }, (answer) => {
      const rule = rules.find((one) => one.path === path && one.left > 0);
      if (rule === undefined) {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        // A stream's head is news of its own: that it stands.
        response.flushHeaders();
        answer.on("close", () => answer.complete || response.destroy()).pipe(response);
        return;
      }
      rule.left -= 1;
      if (rule.hold && rule.left === 0) held ??= Promise.withResolvers();
      void loseAfter(answer, response, rule.afterBytes);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.end(body);
  };

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const socketPath = join(tempFolder(t), "proxy.sock");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const cut = (hold: boolean): void => {
    if (hold) held ??= Promise.withResolvers();
    for (const socket of sockets) socket.destroy();
  };
  const release = (): void => {
    held?.resolve();
    held = null;
  };
  onEnd(t, async () => {
    release();
    const closed = new Promise((resolve) => server.close(resolve));
    cut(false);
    await closed;
  });
  return {
    socketPath,
    loseAnswers: (rule) => void rules.push({ ...rule, left: rule.count }),
    release,
    cut,
    seen: requests.list,
  };
}

async function loseAfter(answer: IncomingMessage, response: ServerResponse, afterBytes: number): Promise<void> {
  const body = await bodyOf(answer);
  if (afterBytes === 0) return void response.destroy();
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.write(body.subarray(0, afterBytes), () => response.destroy());
}
