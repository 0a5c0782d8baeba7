import assert from "node:assert/strict";
import { Agent, type IncomingMessage, request } from "node:http";
import type { Target } from "../../../src/http/http-call.fixture.ts";
import type { Asked, Walk } from "./walk.ts";

/** An open stream of events whose every entry is held against the description. */
export interface EventLines {
  /** Resolves once the names of what was heard so far satisfy `enough`. */
  until(enough: (names: readonly string[]) => boolean): Promise<void>;
  ids(): readonly number[];
  close(): void;
}

interface Lines {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}

type Schema = Readonly<Record<string, unknown>>;

/** Opens the stream of the operation `events`; rejects when it is refused. */
export async function eventsOf(walk: Walk, target: Target, asked: Asked): Promise<EventLines> {
  const { path } = walk.line("events", asked);
  const token = "token" in target ? { authorization: `Bearer ${target.token}` } : {};
  const where = "socketPath" in target ? { socketPath: target.socketPath } : { host: "127.0.0.1", port: target.port };
  const headers = { ...token, ...asked.headers };
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request({ ...where, path, headers, agent: new Agent() }, resolve)
      .on("error", reject)
      .end(),
  );
  walk.saw("events", 200, { status: response.statusCode ?? 0, headers: response.headers, text: "", json: {} });
  const heard: Lines[] = [];
  let [text, changed] = ["", () => {}];
  response.on("error", () => {});
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    heard.push(...blocks.map(linesOf).filter((lines) => lines !== null));
    changed();
  });
  return {
    async until(enough) {
      while (!enough(heard.map(({ event }) => event)))
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      for (const lines of heard) checkLines(walk, lines);
    },
    ids: () => heard.flatMap(({ id }) => (id === undefined ? [] : [Number(id)])),
    close: () => response.destroy(),
  };
}

/** Null for a comment. */
function linesOf(block: string): Lines | null {
  if (block.startsWith(":")) return null;
  const lines = block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
  return Object.fromEntries(lines) as Lines;
}

function checkLines(walk: Walk, lines: Lines): void {
  const content = walk.api.operations.get("events")?.responses.get(200)?.content?.["text/event-stream"];
  const item = content?.["x-itemSchema"] ?? assert.fail("the entries are not described");
  assert.equal(walk.api.wrong(item, lines), null, JSON.stringify(lines));
  const own = formsOf(item).find(({ properties }) => properties.event.enum.includes(lines.event));
  const told = own?.properties.data.contentSchema ?? assert.fail(`the data of ${lines.event} is not described`);
  assert.equal(walk.api.wrong(told, JSON.parse(lines.data)), null, JSON.stringify(lines));
}

interface LinesForm {
  readonly properties: {
    readonly event: { readonly enum: readonly string[] };
    readonly data: { contentSchema: Schema };
  };
}

function formsOf(item: Schema): readonly LinesForm[] {
  const { anyOf } = item;
  return Array.isArray(anyOf) ? anyOf.flatMap((one: Schema) => formsOf(one)) : [item as unknown as LinesForm];
}
