import { isUtf8 as bytesAreUtf8 } from "node:buffer";

const lineFeed = 0x0a;
/** What JSON passes over. */
const space = new Set([0x20, 0x09, 0x0d]);
/** A longer line is no request of anybody, and would be held in memory whole. */
const lineBytesMax = 268_435_456;
const mending = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a line says. */
export interface SaidLine {
  /** Its JSON; undefined: it is none, or too long. */
  readonly request: unknown;
  /** The request's: a text, a number, which is written again as it was, or null. */
  readonly id: unknown;
  /** What stands there in its bytes is not what was meant by them: all that can be trusted is the id. */
  readonly isUtf8: boolean;
}

export type AnswerLine = (line: SaidLine) => object;

/**
 * Answers each line of standard input by one line of standard output, in order, at once for a caller that waits for it.
 * What is there together is answered together, so that a million lines are fast and held one chunk at a time.
 */
export async function answerLines(answer: AnswerLine): Promise<void> {
  let kept: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= lineBytesMax) kept.push(part);
    else kept = [];
  };
  const take = (): string => {
    const line = bytes <= lineBytesMax ? Buffer.concat(kept) : null;
    kept = [];
    bytes = 0;
    return line?.every((byte) => space.has(byte)) === true ? "" : `${JSON.stringify(answer(read(line)))}\n`;
  };
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    let answers = "";
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      answers += take();
      start = end + 1;
    }
    add(chunk.subarray(start));
    await say(answers);
  }
  await say(take());
}

function read(line: Buffer | null): SaidLine {
  if (line === null) return { request: undefined, id: null, isUtf8: true };
  const isUtf8 = bytesAreUtf8(line);
  try {
    const text = mending.decode(line);
    // Lone surrogates that a line spells as escapes are kept by JSON.parse: they are what is to be refused.
    const request: unknown = JSON.parse(text);
    return { request, id: idOf(request, text), isUtf8 };
  } catch {
    return { request: undefined, id: null, isUtf8 };
  }
}

/** ECMAScript's own, which the compiler does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(token: string): unknown };
type ReviverContext = { readonly source?: string };

function idOf(request: unknown, text: string): unknown {
  if (typeof request !== "object" || request === null || Array.isArray(request)) return null;
  const { id }: { readonly id?: unknown } = request;
  if (typeof id === "string") return id;
  if (typeof id !== "number") return null;
  return Number.isSafeInteger(id) ? id : writtenNumber(text);
}

/** The number that the outermost object has as its id, which a double may not hold. */
function writtenNumber(text: string): unknown {
  const ids = new Map<unknown, string>();
  const outermost: unknown = JSON.parse(
    text,
    function (this: unknown, name: string, value: unknown, ...context: unknown[]) {
      const { source } = context[0] as ReviverContext;
      if (name === "id" && source !== undefined) ids.set(this, source);
      return value;
    },
  );
  return rawJSON(ids.get(outermost) ?? "null");
}

async function say(text: string): Promise<void> {
  if (text !== "" && !process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
