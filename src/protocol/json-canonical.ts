import { ClaudemeshError } from "./error.ts";
import type { JsonValue } from "./json-value.ts";
import { limits } from "./limits.ts";

/**
 * RFC 8785: keys by UTF-16 code units, numbers as ECMAScript prints them, shortest string escapes.
 * Takes any JSON value and refuses what the profile does (delivery.md §2): number_out_of_range, lone_surrogate, too_deep.
 */
export function canonicalJson(value: JsonValue): string {
  return canonicalAt(value, limits.metaDepthMax);
}

// Values of JSON.parse come here too, which nests without bound: without this one a peer could exhaust the stack.
function canonicalAt(value: JsonValue, levelsLeft: number): string {
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (levelsLeft === 0) throw new ClaudemeshError("too_deep", `nested deeper than ${limits.metaDepthMax}`);
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => canonicalAt(item, levelsLeft - 1)).join(",")}]`;
  // Array.prototype.sort without a comparator compares UTF-16 code units, as §3.2.3 asks.
  const members = Object.entries(value as Record<string, JsonValue>);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, item]) => `${canonicalString(key)}:${canonicalAt(item, levelsLeft - 1)}`).join(",")}}`;
}

/** Refuses NaN, infinities, and integers whose canonical literal lies beyond ±(2^53−1) (delivery.md §2). */
export function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new ClaudemeshError("number_out_of_range", "number is not finite");
  const text = String(value);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && !text.includes("e") && !text.includes(".")) {
    throw new ClaudemeshError("number_out_of_range", `integer ${text} is beyond ±(2^53−1)`, {
      hint: "send it as a string",
    });
  }
  return text;
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new ClaudemeshError("lone_surrogate", "string has a lone surrogate");
  return JSON.stringify(text);
}
