import type { Transport } from "@modelcontextprotocol/server";
import type { Clock } from "../base/clock.ts";
import { mcpLimits } from "./mcp-limits.ts";

/** What is to be done once it is known whether a result has reached the client's pipe. One of the two is called; neither throws. */
export interface Afterwards {
  sent(): Promise<void>;
  /** The pipe broke, or the client gave the request up: nobody has read the result. */
  lost(): Promise<void>;
}

export interface Sendings {
  /** Of the result of a request that is still to be answered; `signal` is that of the request. */
  afterResult(requestId: string | number, signal: AbortSignal, afterwards: Afterwards): void;
}

export interface WatchedTransport {
  readonly transport: Transport;
  readonly sendings: Sendings;
  /** Resolves when the client is gone, or the transport was closed. */
  readonly closed: Promise<void>;
  /** Resolves when all that was to be done afterwards is done. */
  settled(): Promise<void>;
}

/**
 * Tells of each result whether it was written to the client, all of it: a message is read only by a result that went
 * out. Between the write and the word about it the process may die: then the message is offered again, as a repeat.
 */
export function watchSendings(inner: Transport, clock: Clock): WatchedTransport {
  const waiting = new Map<string | number, Afterwards>();
  const sending = new Set<string | number>();
  const running = new Set<Promise<void>>();
  const closed = Promise.withResolvers<void>();
  const settle = (id: string | number, how: keyof Afterwards): void => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (found !== undefined) track(found[how]());
  };
  const track = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  let isGone = false;
  let idle = (): void => {};
  /** All has gone out; what nobody takes within the time is lost. */
  async function whenGone(): Promise<void> {
    await new Promise<void>((resolve) => {
      idle = resolve;
      clock.after(mcpLimits.flushMs, resolve);
    });
    for (const id of [...waiting.keys()]) settle(id, "lost");
  }
  const transport: Transport = {
    async start() {
      inner.onmessage = (message, extra) => transport.onmessage?.(message, extra);
      inner.onerror = (error) => transport.onerror?.(error);
      inner.onclose = () => {
        isGone = true;
        for (const id of [...waiting.keys()]) if (!sending.has(id)) settle(id, "lost");
        // A client may close as soon as it has read: what is on its way out tells itself whether it got there.
        if (sending.size > 0) track(whenGone());
        transport.onclose?.();
        closed.resolve();
      };
      await inner.start();
    },
    async send(message, options) {
      const id = "id" in message && !("method" in message) ? message.id : undefined;
      if (id == null) return inner.send(message, options);
      sending.add(id);
      try {
        await inner.send(message, options);
        settle(id, "sent");
      } catch (error) {
        settle(id, "lost");
        throw error;
      } finally {
        sending.delete(id);
        if (sending.size === 0) idle();
      }
    },
    close: () => inner.close(),
  };
  const sendings: Sendings = {
    afterResult(id, signal, afterwards) {
      // Nothing is sent for a request that was given up.
      if (signal.aborted) return track(afterwards.lost());
      waiting.set(id, afterwards);
      // Also while it is being written: the client drops what it has given up. When it goes, what is being written decides.
      const onAbort = (): void => void ((isGone && sending.has(id)) || settle(id, "lost"));
      signal.addEventListener("abort", onAbort, { once: true });
    },
  };
  return {
    transport,
    sendings,
    closed: closed.promise,
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
