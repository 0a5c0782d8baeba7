import { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";
import { errorPages } from "../protocol/problem.ts";
import type { Api } from "./api.ts";
import type { Json } from "./open-api.ts";
import { problemHeaders } from "./problem-headers.ts";
import { problemMembers } from "./problem-members.ts";
import type { Route } from "./route.ts";
import { errorsOf } from "./route-errors.ts";

/** What every refusal says of itself. The codes of one place stand there. */
export const problemSchema: Json = {
  description: "Problem details (RFC 9457). Members that a code has beside these are described where it occurs.",
  type: "object",
  properties: {
    type: { type: "string", format: "uri", pattern: `^${errorPages}`, description: "The page that explains the code" },
    title: { type: "string", description: "The code in words" },
    status: { type: "integer", description: "As the answer's own" },
    detail: { type: "string", description: "What happened this time, for people" },
    code: { type: "string", description: "What to decide by" },
    hint: { type: "string", description: "What helps: a command or a field" },
    retryable: { type: "boolean", description: "Whether the same request can succeed later" },
  },
  required: ["type", "title", "status", "detail", "code", "retryable"],
};

/** Every refusal of a route, by status, each with the closed list of its codes. */
export function refusals(route: Route, api: Api): Json {
  return Object.fromEntries(byStatus(errorsOf(route, api)).map(([status, codes]) => [status, refusal(codes)]));
}

/** As {@link refusals}, with references to those that {@link sharedRefusals} has. */
export function referredRefusals(route: Route, api: Api): Json {
  const shared = sharedRefusals(api);
  return Object.fromEntries(
    byStatus(errorsOf(route, api)).map(([status, codes]) => {
      const name = codes.join(".");
      return [status, name in shared ? { $ref: `#/components/responses/${name}` } : refusal(codes)];
    }),
  );
}

/**
 * Refusals that are the same for many routes, by name: what the API can refuse any request with, and what is answered
 * where no route is meant, which any client can meet.
 */
export function sharedRefusals(api: Api): Json {
  const ofAll = byStatus([...new Set<ErrorCode>([...api.errors, api.busyCode, "internal"])].sort());
  const stray: readonly ErrorCode[] = ["method_not_allowed", "not_found", "protocol_error", ...api.strayErrors];
  return Object.fromEntries(
    [...ofAll.map(([, codes]) => codes), ...stray.map((code) => [code])].map((codes) => [
      codes.join("."),
      refusal(codes),
    ]),
  );
}

function byStatus(codes: readonly ErrorCode[]): readonly (readonly [number, readonly ErrorCode[]])[] {
  return [...Map.groupBy(codes, (code) => errorCodes[code].status)].sort(([a], [b]) => a - b);
}

/** One status; `codes` all travel as it. */
function refusal(codes: readonly ErrorCode[]): Json {
  const [first = "internal"] = codes;
  const { status } = errorCodes[first];
  const pages = codes.map((code) => `[${code}](${errorPages}${code})`).join(", ");
  const headers = Object.entries(problemHeaders).flatMap(([name, header]) => {
    const carriers = codes.filter((code) => header.carriedBy(code));
    if (carriers.length === 0) return [];
    const { description, schema } = header;
    const required = carriers.length === codes.length && !carriers.some((code) => header.sometimes(code));
    return [[name, { description, required, schema }]];
  });
  return {
    description: `Refused: ${pages}`,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    content: { "application/problem+json": { schema: schemaOf(status, codes) } },
  };
}

function schemaOf(status: number, codes: readonly ErrorCode[]): Json {
  const retryable = new Set(codes.map((code) => errorCodes[code].retryable));
  const members = codes.flatMap((code) => Object.entries(problemMembers[code] ?? {}));
  return {
    allOf: [
      { $ref: "#/components/schemas/Problem" },
      {
        type: "object",
        properties: {
          status: { const: status },
          code: { enum: codes },
          ...(retryable.size === 1 ? { retryable: { const: retryable.has(true) } } : {}),
          ...Object.fromEntries(members.map(([name, field]) => [name, field.schema])),
        },
      },
    ],
  };
}
