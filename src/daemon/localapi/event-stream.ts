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
  /** The next committed event, formatted. Every one must be pushed, in order. */
  push(id: number, text: string): void;
  close(): void;
}

/**
 * One reader of the events. It holds a cursor, and only while it keeps up also the few events of this turn; a slow
 * reader's events are read from disk when its socket takes more, so it costs one read's worth of memory however far
 * behind it is.
 *
 * idle → (push) → scheduled → idle when nothing is left, or blocked when the socket is full → (drain) → scheduled.
 * Blocked for longer than stalledMs, or its socket gone: closed. `caughtUp` says that the cursor and `pending` together
 * cover everything committed; whoever falls behind loses it, and gets it back by a read that reaches the end.
 */
export function createEventStream(options: {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly response: ServerResponse;
  /** The id after which it begins. */
  readonly after: number;
  /** Asked at each heartbeat: whether the reader may still have the events. */
  readonly mayGoOn: () => boolean;
  readonly closed: () => void;
}): EventStream {
  const { inbox, clock, response } = options;
  let cursor = options.after;
  let caughtUp = false;
  let pending: string[] = [];
  let pendingId = 0;
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
  const fallBehind = (): void => {
    caughtUp = false;
    pending = [];
  };
  const block = (): void => {
    state = "blocked";
    blockedSince = clock.now();
    fallBehind();
  };
  const next = (): string => {
    if (caughtUp) {
      const text = pending.join("");
      if (pending.length > 0) cursor = pendingId;
      pending = [];
      return text;
    }
    const events = inbox.eventsAfter(cursor, eventsPerRead);
    cursor = events.at(-1)?.id ?? cursor;
    caughtUp = events.length < eventsPerRead;
    return events.map(formatEvent).join("");
  };
  const pump = (): void => {
    if (state !== "scheduled") return;
    const text = next();
    if (text !== "" && !response.write(text)) block();
    else if (caughtUp) state = "idle";
    else setImmediate(pump);
  };
  const wake = (): void => {
    if (state !== "idle") return;
    // Later in this turn more events may be committed: they are then written together.
    state = "scheduled";
    setImmediate(pump);
  };
  const beat = (): void => {
    if (state === "closed") return;
    if (!options.mayGoOn()) return close();
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
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        // Where the stream begins: a reader that loses it before its first event resumes from there.
        "last-event-id": String(options.after),
      });
      // Without an id: the reader's Last-Event-ID stays what it was.
      const lost = gap === null ? "" : `event: gap\ndata: ${JSON.stringify({ at: rfc3339(clock.now()), ...gap })}\n\n`;
      response.write(`: open\n\n${lost}`);
      timer = clock.after(heartbeatMs, beat);
      wake();
    },
    push(id, text) {
      if (state === "closed" || !caughtUp || id <= cursor) return;
      if (pending.length >= eventsPerRead) fallBehind();
      else {
        pending.push(text);
        pendingId = id;
      }
      wake();
    },
    close,
  };
}

/** The data is the event's own, with its time beside it. */
export function formatEvent(event: LocalEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify({ at: event.at, ...event.data })}\n\n`;
}
