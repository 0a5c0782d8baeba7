import { assert } from "../../base/assert.ts";
import type { RequestHead } from "../../http/route.ts";
import { described, text } from "../../http/shape.ts";
import type { ApiKeyScope } from "../../protocol/api-key.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { Caller } from "./api-key-check.ts";
import type { DirectParts } from "./direct-parts.ts";

export const meshParam = {
  mesh_id: described(text(), "The mesh's id; it stands in every API key of it, without hyphens"),
};

/** What any route of a mesh may refuse a caller with. */
export const callerErrors: readonly ErrorCode[] = ["unauthorized", "not_a_member", "not_allowed", "store_unavailable"];

/**
 * What every route of a mesh has: the key is looked at before the body is read, for the scope that the route asks for. Its
 * handler takes the caller from {@link callerOf}.
 */
export function authorised(
  parts: DirectParts,
  scope: ApiKeyScope,
): { readonly tokenRequired: true; admit(head: RequestHead): Promise<Caller> } {
  return {
    tokenRequired: true,
    admit: ({ params, headers, address }) =>
      parts.apiKeys.check({ authorization: headers.authorization, address }, params["mesh_id"] ?? "", scope),
  };
}

/** Who asks, of a route that is {@link authorised}. */
export function callerOf({ admitted }: { readonly admitted: unknown }): Caller {
  assert(admitted !== undefined, "a route of a mesh admits nobody unasked");
  return admitted as Caller;
}

/** Throws not_allowed for a destination, `#topic` or `queue:name`, that the key is not for. */
export function requireDestination({ key }: Caller, destination: string): void {
  if (isFor(key.destinations, destination)) return;
  throw new ClaudemeshError("not_allowed", `this API key is not for ${destination}`, {
    hint: `it is for ${key.destinations?.join(", ") ?? ""}; the broker's operator makes another: claudemesh apikey create NAME --to '${destination}'`,
  });
}

export function isFor(destinations: readonly string[] | null, destination: string): boolean {
  return destinations === null || destinations.includes(destination);
}
