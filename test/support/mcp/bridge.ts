import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { PassThrough, Readable, type Writable } from "node:stream";
import type { TestContext } from "node:test";
import { type JSONRPCMessage, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { onEnd } from "../on-end.ts";

/** Serves MCP over two streams until the first ends. */
export type ServeStreams = (input: Readable, output: Writable) => void;

/**
 * An address of this host by which a server that speaks over its standard streams is reached by HTTP, each session with
 * streams of its own: for clients that know HTTP alone. Every message passes as it is. Ended with the test.
 */
export async function bridge(t: TestContext, serve: ServeStreams): Promise<string> {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const inputs: PassThrough[] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === "string") headers.set(name, value);
    const asked = new Request(new URL(request.url ?? "/", address()), {
      method: request.method ?? "GET",
      headers,
      ...(body.length === 0 ? {} : { body }),
    });
    const known = sessions.get(String(request.headers["mcp-session-id"] ?? ""));
    const answered = await (known ?? (await open())).handleRequest(asked);
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    if (answered.body === null) response.end();
    else Readable.fromWeb(answered.body).pipe(response);
  }

  async function open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const { port } = server.address() as AddressInfo;
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      enableDnsRebindingProtection: true,
      allowedHosts: hosts,
    });
    const [input, output] = [new PassThrough(), new PassThrough()];
    inputs.push(input);
    /** What the server says beside an answer goes with the request that it is working on. */
    let latest: string | number | undefined;
    transport.onmessage = (message) => {
      if ("id" in message && "method" in message) latest = message.id;
      input.write(`${JSON.stringify(message)}\n`);
    };
    transport.onclose = () => input.end();
    createInterface({ input: output }).on("line", (line) => {
      const message = JSON.parse(line) as JSONRPCMessage;
      const isAnswer = "id" in message && !("method" in message);
      void transport.send(message, isAnswer || latest === undefined ? {} : { relatedRequestId: latest });
    });
    await transport.start();
    serve(input, output);
    return transport;
  }

  function address(): string {
    const { port } = server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/mcp`;
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(t, async () => {
    for (const input of inputs) input.end();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return address();
}
