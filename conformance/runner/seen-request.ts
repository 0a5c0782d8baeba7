import type { IncomingMessage } from "node:http";

/** A request as a client of the daemon made it, for scenarios to look at. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  /** Its body as JSON; null where it has none, or it is not JSON. */
  readonly json: unknown;
  /** Milliseconds since the request before it to the same path; null: it is the first. */
  readonly after_ms: number | null;
}

/** The requests that came, oldest first. */
export interface SeenRequests {
  note(request: IncomingMessage, body: Buffer): SeenRequest;
  /** To that path; without one, all. */
  list(path: string | undefined): readonly SeenRequest[];
}

export function seenRequests(): SeenRequests {
  const seen: SeenRequest[] = [];
  const times = new Map<string, number>();
  return {
    note(request, body) {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const now = performance.now();
      const before = times.get(pathname);
      times.set(pathname, now);
      const noted: SeenRequest = {
        method: request.method ?? "",
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: request.headers,
        json: jsonOf(body),
        after_ms: before === undefined ? null : Math.round(now - before),
      };
      seen.push(noted);
      return noted;
    },
    list: (path) => seen.filter((request) => path === undefined || request.path === path),
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
