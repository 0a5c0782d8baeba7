import type { Clock } from "../../base/clock.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import type { Inbox } from "../parts.ts";
import { createEventStream, type EventStream, formatEvent } from "./event-stream.ts";
import type { Route } from "./route.ts";
import { invalid, optional, text } from "./shape.ts";

const eventsShape = { since: optional(text({ charsMax: 20 })) };

/**
 * `GET /v1/events`. Events are rows of the inbox with durable, ascending ids; Last-Event-ID (or `since=<id>`) resumes
 * right after one, `since=now` and no word at all begin with the next. One listener serves every open stream, and there
 * is none while no stream is open: reading each event for nobody would cost as much as storing it.
 */
export function eventRoutes(parts: { readonly inbox: Inbox; readonly clock: Clock }): {
  readonly routes: readonly Route[];
  stop(): void;
} {
  const { inbox, clock } = parts;
  const streams = new Set<EventStream>();
  let unlisten: (() => void) | null = null;
  const tell = (event: LocalEvent): void => {
    const text = formatEvent(event);
    for (const stream of streams) stream.push(event.id, text);
  };
  const route: Route = {
    method: "GET",
    path: "/v1/events",
    summary: "Everything that happens, as server-sent events with durable ids",
    query: eventsShape,
    body: null,
    answers: [200],
    errors: ["too_many_streams"],
    open(call, _request, response, closed) {
      const start = startOf(inbox, call.headers["last-event-id"], call.query["since"] as string | undefined);
      const stream = createEventStream({
        inbox,
        clock,
        response,
        after: start.after,
        closed() {
          streams.delete(stream);
          if (streams.size === 0) {
            unlisten?.();
            unlisten = null;
          }
          closed();
        },
      });
      streams.add(stream);
      unlisten ??= inbox.onEvent(tell);
      stream.open(start.gap);
    },
  };
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

function startOf(inbox: Inbox, header: string | string[] | undefined, since: string | undefined): Start {
  const written = typeof header === "string" && header !== "" ? header : since;
  const newest = inbox.newestEventId();
  if (written === undefined || written === "now") return { after: newest, gap: null };
  if (!/^\d{1,15}$/.test(written))
    throw invalid(
      typeof header === "string" && header !== "" ? "Last-Event-ID" : "since",
      "must be the id of an event, or `now`",
    );
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
