import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../base/clock.ts";
import type { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import { toProblem } from "../protocol/problem.ts";
import { headersOf } from "./problem-headers.ts";
import { discardBody, lingerMs } from "./read-body.ts";
import type { Reply } from "./route.ts";

/**
 * Resolves when the answer is handed over; of a stream, when all of it is. A stream that fails on its way ends the connection, so
 * that a caller sees fewer bytes than it was told of.
 */
export async function respond(response: ServerResponse, reply: Reply): Promise<void> {
  if ("content" in reply) {
    const { content } = reply;
    response.writeHead(reply.status, {
      ...reply.headers,
      "content-type": reply.contentType,
      "content-length": reply.length,
      "cache-control": "no-store",
    });
    if (content instanceof Readable) await pipeline(content, response);
    else response.end(content ?? undefined);
    return;
  }
  if ("text" in reply) {
    write(response, reply.status, reply.contentType, Buffer.from(reply.text), {});
    return;
  }
  write(response, reply.status, "application/json", Buffer.from(JSON.stringify(reply.body)), reply.headers ?? {});
}

/**
 * Answers with problem details. What the caller is still sending is read out first, up to 8 MiB; of a longer body the
 * answer goes out then, and the connection closes once the caller has had a moment to read it.
 */
export async function respondProblem(
  request: IncomingMessage,
  response: ServerResponse,
  error: ClaudemeshError,
  clock: Clock,
): Promise<void> {
  const ended = await discardBody(request);
  if (response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(toProblem(error)));
  const headers = headersOf(error);
  if (ended) {
    write(response, error.status, "application/problem+json", bytes, headers);
    return;
  }
  // The whole answer is written, but the response is not ended: ending it would close the socket over unread bytes,
  // which the kernel reports to the caller as a reset that can overtake the answer.
  response.writeHead(error.status, {
    ...headers,
    "content-type": "application/problem+json",
    "content-length": bytes.length,
    "cache-control": "no-store",
    connection: "close",
  });
  response.write(bytes);
  await new Promise<void>((resolve) => {
    const timer = clock.after(lingerMs, resolve);
    void discardBody(request, limits.refusedBodyBytesMax).then(() => {
      timer.cancel();
      resolve();
    });
  });
  response.end();
}

function write(
  response: ServerResponse,
  status: number,
  contentType: string,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...headers,
    "content-type": contentType,
    "content-length": bytes.length,
    "cache-control": "no-store",
  });
  response.end(bytes);
}
