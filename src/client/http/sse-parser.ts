/** One server-sent event. `id` is the newest id seen on the stream, which need not be this event's own. */
export interface ServerSentEvent {
  readonly id: string | null;
  /** "message" unless named. */
  readonly event: string;
  readonly data: string;
}

export interface SseParser {
  /** Events completed by these bytes. Throws RangeError when an event outgrows its limit, TypeError for what is no UTF-8. */
  push(chunk: Uint8Array): ServerSentEvent[];
  /** Newest id told by a block that is complete, also by blocks without data. */
  lastId(): string | null;
}

/** Of a line, and of the data of an event. */
const charsMax = 16_777_216;

/** Parser of text/event-stream (WHATWG HTML, "Server-sent events"), without `retry`. */
export function createSseParser(): SseParser {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  /** How much of the text is known to have no end of a line. */
  let scanned = 0;
  let id: string | null = null;
  let nextId: string | null = null;
  let event = "";
  let data: string[] = [];
  let dataChars = 0;
  return {
    push(chunk) {
      text += decoder.decode(chunk, { stream: true });
      const found: ServerSentEvent[] = [];
      let start = 0;
      const lineEnd = /\r\n|\n|\r(?!$)/g;
      lineEnd.lastIndex = scanned;
      for (let end = lineEnd.exec(text); end !== null; end = lineEnd.exec(text)) {
        const line = text.slice(start, end.index);
        start = lineEnd.lastIndex;
        if (line === "") {
          id = nextId;
          if (data.length > 0) found.push({ id, event: event === "" ? "message" : event, data: data.join("\n") });
          event = "";
          data = [];
          dataChars = 0;
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (field === "data") {
          data.push(value);
          dataChars += value.length + 1;
          if (dataChars > charsMax) throw new RangeError("an event of the stream is too long");
        }
        if (field === "event") event = value;
        else if (field === "id" && !value.includes("\0")) nextId = value;
      }
      text = text.slice(start);
      // A carriage return at the end may have its line feed still to come.
      scanned = Math.max(text.length - 1, 0);
      if (text.length > charsMax) throw new RangeError("a line of the event stream is too long");
      return found;
    },
    lastId: () => id,
  };
}
