import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "./connect.ts";

/** How a peer answers one request. */
export type Answer = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly body: Record<string, unknown>;
    readonly headers: IncomingMessage["headers"];
  },
  response: ServerResponse,
) => void;

/** A remote peer on a real unix socket that answers as told: the n-th request by the n-th answer, then by the last. */
export async function peer(t: TestContext, answers: readonly Answer[]) {
  const dir = mkdtempSync(join(tmpdir(), "claudemesh-client-"));
  const socketPath = join(dir, "sock");
  const seen: { method: string; path: string; body: Record<string, unknown>; text: string }[] = [];
  const server: Server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const told = { method: request.method ?? "", path: request.url ?? "", body, text, headers: request.headers };
    seen.push(told);
    answers[Math.min(seen.length, answers.length) - 1]?.(told, response);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = connect({ socketPath });
  t.after(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });
  return { client, socketPath, seen, server };
}

export const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
