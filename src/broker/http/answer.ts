import type { ServerResponse } from "node:http";
import { ClaudemeshError } from "../../protocol/error.ts";
import { toProblem } from "../../protocol/problem.ts";

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answerText(response, status, "application/json", `${JSON.stringify(body)}\n`);
}

/** RFC 9457 problem details. */
export function answerProblem(response: ServerResponse, thrown: unknown, headers: Record<string, string> = {}): void {
  const error = ClaudemeshError.from(thrown);
  answerText(response, error.status, "application/problem+json", `${JSON.stringify(toProblem(error))}\n`, headers);
}

export function answerText(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(text);
}
