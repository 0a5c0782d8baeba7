import type { Transport } from "@modelcontextprotocol/server";

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
export function watchSendings(inner: Transport): WatchedTransport {
  const waiting = new Map<string | number, Afterwards>();
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
  const transport: Transport = {
    async start() {
      inner.onmessage = (message, extra) => transport.onmessage?.(message, extra);
      inner.onerror = (error) => transport.onerror?.(error);
      inner.onclose = () => {
        for (const id of [...waiting.keys()]) settle(id, "lost");
        transport.onclose?.();
        closed.resolve();
      };
      await inner.start();
    },
    async send(message, options) {
      const id = "id" in message && !("method" in message) ? message.id : undefined;
      try {
        await inner.send(message, options);
      } catch (error) {
        if (id != null) settle(id, "lost");
        throw error;
      }
      if (id != null) settle(id, "sent");
    },
    close: () => inner.close(),
  };
  const sendings: Sendings = {
    afterResult(id, signal, afterwards) {
      // Nothing is sent for a request that was given up.
      if (signal.aborted) return track(afterwards.lost());
      waiting.set(id, afterwards);
      signal.addEventListener("abort", () => settle(id, "lost"), { once: true });
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
