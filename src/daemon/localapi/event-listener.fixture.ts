import { Agent, type IncomingMessage, request } from "node:http";

export interface Heard {
  readonly id: number | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface Listening {
  /** Where the stream begins, as its head says. */
  readonly after: string | undefined;
  /** Resolves with the next `count` events. */
  next(count: number): Promise<Heard[]>;
  comment(text: string): Promise<void>;
  lastId(): number;
  pause(): void;
  resume(): void;
  close(): void;
  readonly ended: Promise<void>;
}

/** Opens /v1/events, of a unix socket or a port of this host, and listens. */
export function openEvents(place: string | number, headers: Record<string, string>, query = ""): Promise<Listening> {
  const to = typeof place === "string" ? { socketPath: place } : { host: "127.0.0.1", port: place };
  return new Promise((resolve, reject) => {
    const sent = request({ ...to, path: `/v1/events${query}`, headers, agent: new Agent() }, (response) =>
      resolve(listen(response, () => sent.destroy())),
    );
    sent.on("error", reject);
    sent.end();
  });
}

function listen(response: IncomingMessage, destroy: () => void): Listening {
  const heard: Heard[] = [];
  const comments: string[] = [];
  let lastId = 0;
  let text = "";
  let changed: () => void = () => {};
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block
          .split("\n")
          .map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      if (fields.has("")) comments.push(fields.get("") ?? "");
      const data = fields.get("data");
      if (data === undefined) continue;
      const id = fields.get("id");
      if (id !== undefined) lastId = Number(id);
      heard.push({
        id: id === undefined ? null : Number(id),
        event: fields.get("event") ?? "",
        data: JSON.parse(data) as Record<string, unknown>,
      });
    }
    changed();
  });
  response.on("error", () => {});
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds())
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
  };
  const after = response.headers["last-event-id"];
  return {
    after: typeof after === "string" ? after : undefined,
    async next(count) {
      await until(() => heard.length >= count);
      return heard.splice(0, count);
    },
    async comment(wanted) {
      await until(() => comments.includes(wanted));
      comments.splice(0, comments.indexOf(wanted) + 1);
    },
    lastId: () => lastId,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: destroy,
    ended: new Promise((resolve) => response.once("close", () => resolve())),
  };
}
