import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { ClaudemeshError } from "../protocol/error.ts";
import { parseJson } from "../protocol/json-parse.ts";
import { readBody } from "./read-body.ts";
import type { Call, Route, Transport } from "./route.ts";
import { readShape, type Shape } from "./shape.ts";

/** A request as it was written, once its body is there. */
export interface WrittenCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly queryIsUtf8: boolean;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Of a route that takes bytes. */
  readonly bytes: Buffer;
  readonly incoming: IncomingMessage | null;
  readonly bodiless: boolean;
  readonly transport: Transport;
  gone(): AbortSignal;
  readonly address: string;
  readonly admitted: unknown;
}

/** Reads all of it by the route's shapes. Throws unknown_field, missing_field, invalid_field, or a field's own refusal. */
export function readCall(route: Route, written: WrittenCall): Call<Shape, Shape, Shape, Shape> {
  return {
    params: readShape(route.params, written.params, "field"),
    query: route.query === null ? {} : readShape(route.query, readQuery(written), "query parameter"),
    headers: readShape(route.headers, readHeaders(route.headers, written.headers), "header"),
    body: route.body === null ? {} : readShape(route.body, written.body, "field", route.aliases),
    bytes: written.bytes,
    incoming: written.incoming,
    bodiless: written.bodiless,
    transport: written.transport,
    gone: written.gone,
    address: written.address,
    admitted: written.admitted,
  };
}

function readQuery({ query, queryIsUtf8 }: WrittenCall): Record<string, unknown> {
  if (!queryIsUtf8)
    throw new ClaudemeshError("invalid_field", "the query is not UTF-8", {
      hint: "write every byte outside of ASCII as %XX, of text in UTF-8",
    });
  const written: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of query) {
    if (Object.hasOwn(written, name))
      throw new ClaudemeshError("invalid_field", `the query parameter \`${name.slice(0, 64)}\` is given twice`);
    written[name] = value;
  }
  return written;
}

/** Other headers are nobody's business here: every client and proxy adds some. */
function readHeaders(shape: Shape, headers: IncomingHttpHeaders): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const name of Object.keys(shape)) if (headers[name] !== undefined) written[name] = headers[name];
  return written;
}

/** Parsed JSON of the body, `{}` where the route takes none; null when the caller went away. */
export async function readRequestBody(
  route: Route,
  request: IncomingMessage,
  options: { readonly bytesMax: number; readonly requireJsonType: boolean },
): Promise<unknown> {
  if (route.body === null) return {};
  const announced =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? "0") > 0;
  if (!announced && route.bodyOptional) return {};
  if (isCompressed(request) || (options.requireJsonType && !isJson(request))) {
    throw new ClaudemeshError("unsupported_media_type", "the request body must be JSON in UTF-8, not compressed", {
      hint: "send `Content-Type: application/json`",
    });
  }
  const bytes = await readBody(request, route.bodyBytesMax ?? options.bytesMax);
  if (bytes === null) return null;
  if (bytes.length === 0 && route.bodyOptional) return {};
  const value = parseJson(bytes);
  // `null` means "the caller went away" to the one who asked.
  if (value === null) throw new ClaudemeshError("invalid_field", "the request body must be a JSON object");
  return value;
}

/** All bytes of a route that takes them; none where it reads them itself, or takes none. null when the caller went away. */
export async function readRawBody(route: Route, request: IncomingMessage): Promise<Buffer | null> {
  const { rawBody } = route;
  if (rawBody === null) return noBytes;
  if (isCompressed(request)) {
    throw new ClaudemeshError("unsupported_media_type", "the request body must not be compressed", {
      hint: "send the bytes as they are, without `Content-Encoding`",
    });
  }
  return rawBody.bytesMax === null ? noBytes : readBody(request, rawBody.bytesMax);
}

const noBytes = Buffer.alloc(0);

function isCompressed(request: IncomingMessage): boolean {
  const encoding = request.headers["content-encoding"];
  return encoding !== undefined && encoding.toLowerCase() !== "identity";
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?$/i.test(
    (request.headers["content-type"] ?? "").trim(),
  );
}
