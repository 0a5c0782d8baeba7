import type { IncomingMessage } from "node:http";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";

/** After this long without its end, what a refused caller still sends is no longer read. */
export const lingerMs = 2_000;

/**
 * The whole body, at most `bytesMax`. A larger one rejects with body_too_large and is left unread: the caller of this
 * function answers through {@link discardBody}. `null` when the client went away in the middle.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  const announced = Number(request.headers["content-length"] ?? "0");
  if (announced > bytesMax) return Promise.reject(tooLarge(bytesMax));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        settle();
        request.pause();
        reject(tooLarge(bytesMax));
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes));
    };
    const onClose = (): void => {
      settle();
      resolve(null);
    };
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/**
 * Reads and forgets what a refused caller is still sending, up to `bytesMax`. Answering before that makes a client
 * that writes first and reads later see a reset instead of its answer. True: the body ended, the connection can go on.
 */
export function discardBody(request: IncomingMessage, bytesMax: number = limits.refusedBodyBytesMax): Promise<boolean> {
  if (request.complete && request.readableLength === 0) return Promise.resolve(true);
  if (request.destroyed) return Promise.resolve(request.complete);
  return new Promise((resolve) => {
    let bytes = 0;
    const settle = (ended: boolean): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      if (!ended) request.pause();
      resolve(ended);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes >= bytesMax) settle(false);
    };
    const onEnd = (): void => settle(true);
    const onClose = (): void => settle(request.complete);
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
    request.resume();
  });
}

function tooLarge(bytesMax: number): ClaudemeshError {
  return new ClaudemeshError("body_too_large", `the request body is over ${bytesMax} bytes`, {
    hint: "send a smaller body",
    details: { bytes_max: bytesMax },
  });
}
