import { createInterface } from "node:readline";
import { ClaudemeshError } from "../../../src/client/sdk.ts";
import { createSession } from "./session.ts";

/**
 * The driver of this SDK: one request a line on standard input, one answer a line on standard output, one at a time. Ends when its input
 * does. What it may be asked, and how it answers, is in conformance/scenarios/README.md.
 */
const session = createSession();
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== "") process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
await session.close();

async function answer(line: string): Promise<object> {
  let id: unknown = null;
  try {
    const request = readRequest(line);
    id = request["id"] ?? null;
    return { id, ok: true, value: (await session.run(request)) ?? null };
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    const { code, message, hint = null, retryable, details } = error;
    return { id, ok: false, error: { code, message, hint, retryable, details } };
  }
}

function readRequest(line: string): Readonly<Record<string, unknown>> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    throw new ClaudemeshError("malformed_json", "the line is not JSON");
  }
  if (typeof request !== "object" || request === null || Array.isArray(request))
    throw new ClaudemeshError("usage", "a request is a JSON object");
  return request as Readonly<Record<string, unknown>>;
}
