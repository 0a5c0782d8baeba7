/** One server-sent event. `id` is the newest id seen on the stream, which need not be this event's own. */
export interface ServerSentEvent {
  readonly id: string | null;
  /** "message" unless named. */
  readonly event: string;
  readonly data: string;
}

export interface SseParser {
  /** Events completed by these bytes. Throws RangeError when a line outgrows its limit. */
  push(chunk: Uint8Array): ServerSentEvent[];
  /** Newest id told by a block that is complete, also by blocks without data. */
  lastId(): string | null;
}

const lineCharsMax = 16_777_216;

/** Parser of text/event-stream (WHATWG HTML, "Server-sent events"), without `retry`. */
export function createSseParser(): SseParser {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let id: string | null = null;
  let nextId: string | null = null;
  let event = "";
  let data: string[] = [];
  return {
    push(chunk) {
      text += decoder.decode(chunk, { stream: true });
      const found: ServerSentEvent[] = [];
      for (;;) {
        const end = /\r\n|\n|\r(?!$)/.exec(text);
        if (end === null) break;
        const line = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        if (line === "") {
          id = nextId;
          if (data.length > 0) found.push({ id, event: event === "" ? "message" : event, data: data.join("\n") });
          event = "";
          data = [];
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (field === "data") data.push(value);
        else if (field === "event") event = value;
        else if (field === "id" && !value.includes("\0")) nextId = value;
      }
      if (text.length > lineCharsMax) throw new RangeError("a line of the event stream is too long");
      return found;
    },
    lastId: () => id,
  };
}
