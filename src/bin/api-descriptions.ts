import { readProgramVersion } from "../base/program-version.ts";
import { adminApi, adminRoutes } from "../broker/http/admin-routes.ts";
import { publicApi, publicRoutes } from "../broker/http/public-routes.ts";
import { apiRoutes } from "../daemon/localapi/routes.ts";
import { localApi } from "../daemon/localapi/server.ts";
import { type Json, openApi } from "../http/open-api.ts";

/** The OpenAPI description of every API there is, by the name of its file in docs/openapi. No route is asked for it. */
export function apiDescriptions(): Readonly<Record<"local-api" | "broker" | "broker-admin", Json>> {
  const version = readProgramVersion();
  // Only handlers look at the parts, and none runs.
  const parts = {} as Parameters<typeof apiRoutes>[0] &
    Parameters<typeof publicRoutes>[0] &
    Parameters<typeof adminRoutes>[0];
  return {
    "local-api": openApi(localApi, apiRoutes(parts).routes, version),
    broker: openApi(publicApi, publicRoutes(parts), version),
    "broker-admin": openApi(adminApi, adminRoutes(parts), version),
  };
}

/** As it is checked in. */
export function asFile(description: Json): string {
  return `${JSON.stringify(description, null, 2)}\n`;
}
