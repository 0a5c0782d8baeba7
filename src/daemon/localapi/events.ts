import type { IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import type { Inbox } from "../parts.ts";
import { bearerOf } from "./gate.ts";
import type { LocalToken } from "./token.ts";
import { createEventStream, type EventStream, formatEvent } from "./event-stream.ts";
import { type Route, stream, type Transport } from "../../http/route.ts";
import { described, invalid, optional, text } from "../../http/shape.ts";
import { streamEvent } from "./answers/events.schema.ts";

const resumeFrom = "Events after this id, or `now`: from the next one on";
const eventsShape = { since: described(optional(text({ charsMax: 20 })), resumeFrom) };
const eventsHeaders = {
  "last-event-id": described(optional(text()), `${resumeFrom}. Goes before \`since\``, {
    pattern: "^(\\d{1,15}|now)$",
  }),
};

/**
 * `GET /v1/events`. Events are rows of the inbox with durable, ascending ids; Last-Event-ID (or `since=<id>`) resumes
 * right after one, `since=now` and no word at all begin with the next. One listener serves every open stream, and there
 * is none while no stream is open: reading each event for nobody would cost as much as storing it.
 */
export function eventRoutes(parts: {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly localToken: () => LocalToken;
}): {
  readonly routes: readonly Route[];
  stop(): void;
} {
  const { inbox, clock } = parts;
  /** Over TCP: as long as the token that it was opened by holds. */
  const mayGoOn = (transport: Transport, request: IncomingMessage): boolean =>
    transport === "unix" ||
    parts.localToken().which(bearerOf(request.headers.authorization) ?? "", clock.now()) !== null;
  const streams = new Set<EventStream>();
  let unlisten: (() => void) | null = null;
  const tell = (event: LocalEvent): void => {
    const text = formatEvent(event);
    for (const stream of streams) stream.push(event.id, text);
  };
  const route = stream({
    name: "events",
    path: "/v1/events",
    summary: "Everything that happens, as server-sent events with durable ids",
    query: eventsShape,
    headers: eventsHeaders,
    answers: [
      {
        status: 200,
        description: "The events, each with its id, its name and JSON data, until either side ends the stream",
        contentType: "text/event-stream",
        item: streamEvent,
      },
    ],
    open({ query, headers, transport }, request, response, closed) {
      const start = startOf(inbox, headers["last-event-id"], query.since);
      const reader = createEventStream({
        inbox,
        clock,
        response,
        after: start.after,
        mayGoOn: () => mayGoOn(transport, request),
        closed() {
          streams.delete(reader);
          if (streams.size === 0) {
            unlisten?.();
            unlisten = null;
          }
          closed();
        },
      });
      streams.add(reader);
      unlisten ??= inbox.onEvent(tell);
      reader.open(start.gap);
    },
  });
  return {
    routes: [route],
    stop() {
      for (const stream of streams) stream.close();
    },
  };
}

interface Start {
  readonly after: number;
  /** What the reader asked for and cannot get any more. */
  readonly gap: LocalEvent["data"] | null;
}

function startOf(inbox: Inbox, header: string | undefined, since: string | undefined): Start {
  const resumed = header !== undefined && header !== "";
  const written = resumed ? header : since;
  const newest = inbox.newestEventId();
  if (written === undefined || written === "now") return { after: newest, gap: null };
  if (!/^\d{1,15}$/.test(written))
    throw invalid(resumed ? "Last-Event-ID" : "since", "must be the id of an event, or `now`");
  const after = Number(written);
  const oldest = inbox.oldestEventId();
  if (after > newest) {
    // The ids began anew (a rebuilt inbox): waiting for larger ones would hide everything that happens until then.
    return { after: 0, gap: { reason: "ids_restarted", asked_after: after, newest_event_id: newest } };
  }
  if (newest > 0 && after + 1 < oldest)
    return { after: oldest - 1, gap: { reason: "events_pruned", asked_after: after, oldest_event_id: oldest } };
  return { after, gap: null };
}
