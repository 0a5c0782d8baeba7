import { fullJitter } from "../base/backoff.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { LocalEvent } from "../protocol/local-api.ts";
import { notAnAnswer, parseAnswer, refusal, refusalText } from "./call.ts";
import type { HttpClient, HttpStream } from "./http/http-client.ts";
import { createSseParser } from "./http/sse-parser.ts";
import { clientBackoff } from "./retry.ts";
import { sleep } from "./sleep.ts";

export interface EventsOptions {
  /** Begin after this event; absent: with what happens from now on. */
  readonly after?: number;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
  /** Called whenever a stream stands: from then on nothing is missed. */
  readonly onOpen?: () => void;
}

/**
 * The daemon's events in order, each once. When the stream breaks, also because the daemon restarts, it is opened
 * again with Last-Event-ID, for as long as the caller iterates. Only the first connection may fail: not_running.
 */
export async function* events(
  http: HttpClient,
  options: EventsOptions = {},
): AsyncGenerator<LocalEvent, void, undefined> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new DOMException("the caller ended the stream", "AbortError"));
  if (options.signal?.aborted === true) return;
  options.signal?.addEventListener("abort", stop, { once: true });
  let last: string | null = options.after === undefined ? null : placeOf(options.after);
  let opened = false;
  let failures = 0;
  try {
    for (;;) {
      try {
        const stream = await open(http, last, controller.signal);
        // Tells where a stream without Last-Event-ID begins, so that a break before its first event loses none.
        last ??= eventId(stream.headers.get("last-event-id") ?? null);
        opened = true;
        failures = 0;
        options.onOpen?.();
        const parser = createSseParser();
        for await (const chunk of stream.chunks) {
          for (const found of parser.push(chunk)) {
            last = eventId(found.id) ?? last;
            yield parseEvent(found.event, found.data, found.id);
          }
          last = eventId(parser.lastId()) ?? last;
        }
      } catch (thrown) {
        if (controller.signal.aborted) return;
        const error = ClaudemeshError.from(thrown, "protocol_error");
        // What answers but is no daemon would be asked for ever.
        const passes = error.code === "not_running" || (error.retryable && error.code !== "protocol_error");
        if (!opened || !passes) throw error;
      }
      await sleep(fullJitter(failures, clientBackoff), controller.signal).catch(() => undefined);
      failures += 1;
      if (controller.signal.aborted) return;
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
    stop();
  }
}

function placeOf(after: number): string {
  if (Number.isSafeInteger(after) && after >= 0) return String(after);
  throw new ClaudemeshError("usage", "events begin after the id of an event", { hint: "pass the id of the last one" });
}

async function open(http: HttpClient, last: string | null, signal: AbortSignal): Promise<HttpStream> {
  const stream = await http.stream({
    method: "GET",
    path: "/v1/events",
    signal,
    headers: { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) },
  });
  if (stream.status === 200) return stream;
  throw refusal(stream.status, await refusalText(stream), stream.headers.get("retry-after"));
}

/** Ids are whole numbers: another could be no place to go on from, and is said again in a header. */
function eventId(id: string | null): string | null {
  if (id === null || /^\d{1,15}$/.test(id)) return id;
  throw notAnAnswer("an event whose id is no number");
}

/** `data` of the stream is the event's own, with its time beside it. */
function parseEvent(name: string, text: string, id: string | null): LocalEvent {
  const data = parseAnswer(text) as Record<string, unknown>;
  return { id: Number(id ?? 0), event: name as LocalEvent["event"], at: String(data["at"] ?? ""), data };
}
