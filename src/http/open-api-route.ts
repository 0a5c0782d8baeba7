import type { Api } from "./api.ts";
import { type Json, openApi } from "./open-api.ts";
import { operation, type Route } from "./route.ts";
import { anyJson } from "./shape.ts";
import { record } from "./view.ts";

const document = record(anyJson("A member of an OpenAPI document"));

/** `GET /openapi.json` of an API. `table` is asked once, with the first request, and this route is in it. */
export function openApiRoute(api: Api, table: () => readonly Route[], version: string): Route {
  let made: Json | null = null;
  return operation({
    name: "openApi",
    method: "GET",
    path: "/openapi.json",
    summary: "This description, as OpenAPI 3.1",
    answers: [{ status: 200, description: "An OpenAPI document", body: document }],
    handle() {
      made ??= openApi(api, table(), version);
      return { status: 200, body: made };
    },
  });
}
