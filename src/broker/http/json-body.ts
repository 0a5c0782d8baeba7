import type { IncomingMessage } from "node:http";
import { ClaudemeshError } from "../../protocol/error.ts";
import { parseJson } from "../../protocol/json-parse.ts";

/** An object; an empty body is `{}`. A larger body is read to its end and refused, so that the answer arrives. */
export async function readJsonBody(request: IncomingMessage, bytesMax: number): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  if (bytes > bytesMax)
    throw new ClaudemeshError("body_too_large", `The body has ${bytes} bytes, ${bytesMax} are allowed.`);
  if (bytes === 0) return {};
  const value = parseJson(Buffer.concat(chunks));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ClaudemeshError("invalid_field", "The body must be a JSON object.");
  return { ...value };
}

/** A required text of the body. */
export function textField(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (value === undefined) throw new ClaudemeshError("missing_field", `The field ${name} is missing.`);
  if (typeof value !== "string") throw new ClaudemeshError("invalid_field", `The field ${name} must be a string.`);
  return value;
}

/** Refuses fields that nobody reads, so that a typing error is not ignored. */
export function onlyFields(body: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of Object.keys(body)) {
    if (!names.includes(name))
      throw new ClaudemeshError("unknown_field", `There is no field ${JSON.stringify(name.slice(0, 60))}.`, {
        hint: `fields: ${names.join(", ")}`,
      });
  }
}
