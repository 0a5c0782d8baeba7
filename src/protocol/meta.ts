import { ClaudemeshError } from "./error.ts";
import { canonicalJson } from "./json-canonical.ts";
import { parseJson } from "./json-parse.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { limits } from "./limits.ts";

/** Canonical text of a request's meta: "" for absent, null and {}. Object only, depth and size bounded (delivery.md §2). */
export function canonicalMeta(value: JsonValue | null | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new ClaudemeshError("invalid_field", "meta must be an object or null");
  }
  if (depthOf(value, limits.metaDepthMax + 1) > limits.metaDepthMax) {
    throw new ClaudemeshError("too_deep", `meta is nested deeper than ${limits.metaDepthMax}`);
  }
  const text = canonicalJson(value);
  return text === "{}" ? "" : boundedMeta(text);
}

/** A canonical text as it is, unless it is larger than any meta may be: meta_too_large. */
export function boundedMeta(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.metaBytesMax) return text;
  throw new ClaudemeshError("meta_too_large", `meta has ${bytes} bytes, at most ${limits.metaBytesMax}`, {
    hint: "put large content into the body, or send a file",
  });
}

/** Meta of a canonical text from the wire; refuses (invalid_envelope) a text that is not its own canonical form. */
export function parseMeta(text: string): JsonObject | null {
  if (text === "") return null;
  if (text.length > limits.metaBytesMax) throw new ClaudemeshError("meta_too_large", "meta is too large");
  const value = parseJson(text, { depthMax: limits.metaDepthMax });
  if (canonicalMeta(value) !== text) throw new ClaudemeshError("invalid_envelope", "meta is not in canonical form");
  return value as JsonObject;
}

function depthOf(value: JsonValue, giveUpAt: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (giveUpAt === 0) return 1;
  let deepest = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value))
    deepest = Math.max(deepest, depthOf(item, giveUpAt - 1));
  return deepest + 1;
}
