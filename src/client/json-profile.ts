import { ClaudemeshError } from "../protocol/error.ts";
import { canonicalJson as canonicalOf } from "../protocol/json-canonical.ts";
import { parseJson } from "../protocol/json-parse.ts";
import type { JsonObject } from "../protocol/json-value.ts";
import { limits } from "../protocol/limits.ts";
import { boundedMeta, canonicalMeta as canonicalMetaOf } from "../protocol/meta.ts";
import { plainJson } from "./plain-json.ts";

/** An object that travels beside a message's body, visible to the broker; null for none. */
export type Meta = Readonly<Record<string, unknown>> | null;

/**
 * RFC 8785 text of a message's meta, "" for none (null, {}): what is sent, and what fingerprints cover. Takes the object,
 * or raw JSON as text or bytes. Throws a code of the JSON profile.
 */
export function canonicalMeta(meta: Meta | string | Uint8Array | undefined): string {
  return typeof meta === "string" || meta instanceof Uint8Array ? canonicalMetaOf(parsed(meta)) : metaText(meta);
}

/** The same of an object alone: a text where an object is due is nobody's JSON, but a mistake. */
export function metaText(meta: Meta | undefined): string {
  return canonicalMetaOf(meta === undefined ? null : plainJson(meta, "meta"));
}

/**
 * Meta that is given as JSON, by a reader that sees what JSON.parse hides: duplicate keys, big integers, broken UTF-8.
 * Throws a code of the JSON profile.
 */
export function metaFromText(text: string | Uint8Array): Meta {
  const value = parsed(text);
  canonicalMetaOf(value);
  return value as JsonObject | null;
}

/** RFC 8785 text of any JSON, with the same refusals as meta: also arrays and scalars. Throws a code of the JSON profile. */
export function canonicalJson(text: string | Uint8Array): string {
  return boundedMeta(canonicalOf(parsed(text)));
}

function parsed(text: string | Uint8Array) {
  return parseJson(text, { depthMax: limits.metaDepthMax });
}

/** What `read` answers; its refusal says where the text came from, and what to do where it does not say so itself. */
export function naming<T>(where: string, hint: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    const { code, message, hint: own = hint, details } = ClaudemeshError.from(thrown);
    throw new ClaudemeshError(code, `${where}: ${message}`, { hint: own, details, cause: thrown });
  }
}
