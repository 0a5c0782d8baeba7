import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../../base/clock.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import type { Inbox } from "../parts.ts";

export const heartbeatMs = 15_000;
/** A reader that has taken nothing for this long is closed; it resumes by Last-Event-ID. */
export const stalledMs = 60_000;
const eventsPerRead = 128;

export interface EventStream {
  /** Sends the head, a `gap` if there is one, and what is already there. */
  open(gap: LocalEvent["data"] | null): void;
  /** There may be new events. */
  wake(): void;
  close(): void;
}

/**
 * One reader of the events. It holds a cursor, not a buffer: rows are read from disk when its socket takes more, so a
 * slow reader costs one read's worth of memory however far behind it is.
 *
 * idle → (wake) → reading → idle when nothing is left, or blocked when the socket is full → (drain) → reading.
 * Blocked for longer than stalledMs, or its socket gone: closed.
 */
export function createEventStream(options: {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly response: ServerResponse;
  /** The id after which it begins. */
  readonly after: number;
  readonly closed: () => void;
}): EventStream {
  const { inbox, clock, response } = options;
  let cursor = options.after;
  let state: "idle" | "scheduled" | "blocked" | "closed" = "idle";
  let blockedSince = 0;
  let timer: Timer | null = null;

  const close = (): void => {
    if (state === "closed") return;
    state = "closed";
    timer?.cancel();
    response.end();
    options.closed();
  };
  const block = (): void => {
    state = "blocked";
    blockedSince = clock.now();
  };
  const pump = (): void => {
    if (state !== "scheduled") return;
    const events = inbox.eventsAfter(cursor, eventsPerRead);
    if (events.length === 0) {
      state = "idle";
      return;
    }
    cursor = events[events.length - 1]?.id ?? cursor;
    const taken = response.write(events.map(format).join(""));
    if (!taken) block();
    else setImmediate(pump);
  };
  const wake = (): void => {
    if (state !== "idle") return;
    // Later in this turn more events may be committed: they are then read together.
    state = "scheduled";
    setImmediate(pump);
  };
  const beat = (): void => {
    if (state === "closed") return;
    if (state === "blocked") {
      if (clock.now() - blockedSince >= stalledMs) {
        response.destroy();
        return;
      }
    } else if (!response.write(": heartbeat\n\n")) block();
    timer = clock.after(heartbeatMs, beat);
  };

  response.on("drain", () => {
    if (state !== "blocked") return;
    state = "idle";
    wake();
  });
  response.on("close", close);
  return {
    open(gap) {
      // Where the stream begins: a reader that loses it before its first event resumes from there.
      response.writeHead(200, {
        "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no", "last-event-id": String(options.after),
      });
      // Without an id: the reader's Last-Event-ID stays what it was.
      const lost = gap === null ? "" : `event: gap\ndata: ${JSON.stringify({ at: rfc3339(clock.now()), ...gap })}\n\n`;
      response.write(`: open\n\n${lost}`);
      timer = clock.after(heartbeatMs, beat);
      wake();
    },
    wake,
    close,
  };
}

/** The data is the event's own, with its time beside it. */
function format(event: LocalEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify({ at: event.at, ...event.data })}\n\n`;
}
