import { ClaudemeshError, type Client, type LocalEvent } from "../../../src/client/sdk.ts";

/** A stream of the daemon's events, read one at a time. */
export interface EventReader {
  /** The next one, of that name where one is given: others are passed over. Throws timed_out. */
  next(timeoutMs: number, event: string | undefined): Promise<LocalEvent>;
  close(): Promise<void>;
}

/** Resolves when the stream stands: from then on nothing is missed. */
export async function openEventReader(client: Client, after: number | undefined): Promise<EventReader> {
  const ended = new AbortController();
  let onOpen: () => void = () => {};
  const stands = new Promise<void>((resolve) => {
    onOpen = resolve;
  });
  const stream = client.events({ signal: ended.signal, onOpen, ...(after === undefined ? {} : { after }) });
  const read = (): Promise<IteratorResult<LocalEvent, void>> => {
    const next = stream.next();
    // It is awaited by whoever asks for an event, perhaps after it has failed.
    next.catch(() => undefined);
    return next;
  };
  let coming = read();
  await Promise.race([stands, coming]);
  return {
    async next(timeoutMs, event) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new ClaudemeshError("timed_out", `no event ${event ?? ""} in ${timeoutMs} ms`)),
        timeoutMs,
      );
      try {
        for (;;) {
          const { value } = await Promise.race([coming, late.promise]);
          coming = read();
          if (value === undefined) throw new ClaudemeshError("protocol_error", "the stream of events ended");
          if (event === undefined || value.event === event) return value;
        }
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      ended.abort();
      await stream.return();
    },
  };
}
