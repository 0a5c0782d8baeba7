import { ClaudemeshError, type Client } from "../../../src/client/sdk.ts";
import { connectTo } from "./connect-to.ts";
import { type EventReader, openEventReader } from "./event-reader.ts";
import { operations } from "./operations.ts";

/** The client that a driver has connected, and its stream of events. */
export interface Session {
  /** Answers one request of the driver. Throws what the SDK throws, and usage for what a driver does not know. */
  run(request: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): Promise<void>;
}

export function createSession(): Session {
  let client: Client | null = null;
  let events: EventReader | null = null;

  const connected = (): Client => client ?? fail("no daemon is connected: connect comes first");
  const closeEvents = async (): Promise<void> => {
    const open = events;
    events = null;
    await open?.close();
  };
  const close = async (): Promise<void> => {
    await closeEvents();
    client?.close();
    client = null;
  };

  return {
    close,
    async run(request) {
      switch (request["op"]) {
        case "connect":
          await close();
          client = connectTo(request);
          return null;
        case "close":
          return close();
        case "events_open":
          await closeEvents();
          events = await openEventReader(connected(), request["after"] as number | undefined);
          return null;
        case "events_next":
          return (events ?? fail("no events are open: events_open comes first")).next(
            Number(request["timeout_ms"]),
            request["event"] as string | undefined,
          );
        case "events_close":
          return closeEvents();
        default: {
          const op = String(request["op"]);
          const run = Object.hasOwn(operations, op) ? operations[op] : undefined;
          return (run ?? fail(`unknown op ${op}`))(connected(), request as never);
        }
      }
    },
  };
}

function fail(message: string): never {
  throw new ClaudemeshError("usage", message);
}
