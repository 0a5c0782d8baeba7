import { printable } from "../base/printable.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Listing, Page } from "../protocol/local-api.ts";
import { fromProblem, isProblem } from "../protocol/problem.ts";
import { type CallOptions, startDeadline } from "./deadline.ts";
import type { HttpClient, HttpStream } from "./http/http-client.ts";
import { withRetry } from "./retry.ts";

export interface CallRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path without the query, its segments encoded. */
  readonly path: string;
  /** Null and undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly body?: unknown;
  /** JSON that is written already, instead of `body`. */
  readonly bodyText?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Doing it twice is the same as doing it once: retried when the connection or the daemon fails. */
  readonly repeatable: boolean;
}

/** A request of the local API and its JSON answer. Refusals are thrown as the ClaudemeshError they carry. */
export async function call<T>(http: HttpClient, request: CallRequest, options: CallOptions = {}): Promise<T> {
  return parseAnswer(await callText(http, request, options)) as T;
}

/** The `items` of an answer that is a list. */
export async function callItems<T>(
  http: HttpClient,
  request: CallRequest,
  options: CallOptions = {},
): Promise<readonly T[]> {
  const { items } = await call<Listing<T>>(http, request, options);
  if (!Array.isArray(items)) throw notAnAnswer("a list without its items");
  return items;
}

/** One page of an answer that has several. */
export async function callPage<T>(http: HttpClient, request: CallRequest, options: CallOptions = {}): Promise<Page<T>> {
  const page = await call<Page<T>>(http, request, options);
  const { items, next_cursor }: { readonly items: unknown; readonly next_cursor: unknown } = page;
  if (!Array.isArray(items) || (next_cursor !== null && typeof next_cursor !== "string"))
    throw notAnAnswer("a page without its items and its next_cursor");
  return page;
}

/** As {@link call}, for answers that are not JSON. */
export async function callText(http: HttpClient, request: CallRequest, options: CallOptions = {}): Promise<string> {
  const body = request.bodyText ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
  const deadline = startDeadline(options, `${request.method} ${request.path}`);
  const attempt = async (): Promise<string> => {
    const answer = await http.request({
      method: request.method,
      path: request.path + queryText(request.query ?? {}),
      repeatable: request.repeatable,
      signal: deadline.signal,
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      ...(body === undefined ? {} : { body }),
    });
    const text = answerText(answer.body);
    if (answer.status < 300) return text;
    throw refusal(answer.status, text, answer.headers.get("retry-after"));
  };
  try {
    return await (request.repeatable ? withRetry(attempt, deadline.signal, options.answered) : attempt());
  } finally {
    deadline.done();
  }
}

/** The error that an answer stands for; `retry_after_ms` is put into its details when only the header tells it. */
export function refusal(status: number, text: string, retryAfter: string | undefined): ClaudemeshError {
  let problem: unknown = null;
  try {
    problem = JSON.parse(text);
  } catch {
    // Told below, like JSON that is no problem document.
  }
  if (!isProblem(problem)) throw notAnAnswer(`${status} without problem details`);
  // What others chose to be called may stand in these, and an error is shown by whoever does not catch it.
  const told = { ...problem, ...shown("detail", problem["detail"]), ...shown("hint", problem["hint"]) };
  if (retryAfter === undefined || told["retry_after_ms"] !== undefined) return fromProblem(status, told);
  return fromProblem(status, { ...told, retry_after_ms: Number(retryAfter) * 1_000 || 0 });
}

function shown(name: string, text: unknown): Readonly<Record<string, string>> {
  return typeof text === "string" ? { [name]: printable(text) } : {};
}

/** The body of a refusal whose answer is read as it comes. No problem document is larger. */
export async function refusalText({ chunks, close }: HttpStream): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > refusalBytesMax) {
      close();
      throw notAnAnswer(`a refusal of more than ${refusalBytesMax} bytes`);
    }
  }
  return answerText(Buffer.concat(parts));
}

const refusalBytesMax = 1_048_576;

/** The object that an answer of success is. Throws protocol_error. */
export function parseAnswer(text: string): unknown {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below, like JSON that is no object.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notAnAnswer("what is not JSON");
  return value;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws protocol_error for bytes that are not UTF-8: replaced, they would be taken for what was said. */
export function answerText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw notAnAnswer("bytes that are not UTF-8");
  }
}

/** What answers speaks HTTP, and is no daemon that this client understands. */
export function notAnAnswer(what: string): ClaudemeshError {
  return new ClaudemeshError("protocol_error", `the daemon answered ${what}`, { hint: "claudemesh status" });
}

/** A word as one segment of a path. With a lone surrogate it stays as it is: the whole request is refused for it. */
export function segment(word: string | number): string {
  const text = String(word);
  if (!text.isWellFormed()) return text;
  // Of dots alone it would be taken for a folder by whatever stands between.
  return encodeURIComponent(text).replace(/^\.+$/, (dots) => dots.replaceAll(".", "%2E"));
}

/** A text as it can travel: lone surrogates would be replaced, and something else asked for. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new ClaudemeshError("lone_surrogate", "a word of the request has a lone surrogate");
}

/** With its `?`; "" for none. */
export function queryText(query: NonNullable<CallRequest["query"]>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) written.set(name, wellFormed(String(value)));
  }
  return written.size === 0 ? "" : `?${written}`;
}
