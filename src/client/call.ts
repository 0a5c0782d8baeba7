import { ClaudemeshError } from "../protocol/error.ts";
import { fromProblem } from "../protocol/problem.ts";
import { type CallOptions, startDeadline } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";
import { withRetry } from "./retry.ts";

export interface CallRequest {
  readonly method: "GET" | "POST";
  /** Path without the query, its segments encoded. */
  readonly path: string;
  /** Null and undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Doing it twice is the same as doing it once: retried when the connection or the daemon fails. */
  readonly repeatable: boolean;
}

/** A request of the local API and its JSON answer. Refusals are thrown as the ClaudemeshError they carry. */
export async function call<T>(http: HttpClient, request: CallRequest, options: CallOptions = {}): Promise<T> {
  return JSON.parse(await callText(http, request, options)) as T;
}

/** As {@link call}, for answers that are not JSON. */
export async function callText(http: HttpClient, request: CallRequest, options: CallOptions = {}): Promise<string> {
  const deadline = startDeadline(options, `${request.method} ${request.path}`);
  const attempt = async (): Promise<string> => {
    const answer = await http.request({
      method: request.method,
      path: request.path + queryText(request.query),
      repeatable: request.repeatable,
      signal: deadline.signal,
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    const text = answer.body.toString("utf8");
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
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    return new ClaudemeshError("protocol_error", `the daemon answered ${status} without problem details`, {
      hint: "claudemesh status",
    });
  }
  const error = fromProblem(status, problem as Parameters<typeof fromProblem>[1]);
  if (retryAfter === undefined || error.details["retry_after_ms"] !== undefined) return error;
  return new ClaudemeshError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, retry_after_ms: Number(retryAfter) * 1_000 || 0 },
  });
}

function queryText(query: CallRequest["query"]): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) written.set(name, String(value));
  }
  return written.size === 0 ? "" : `?${written}`;
}
