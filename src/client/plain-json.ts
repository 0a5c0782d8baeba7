import { ClaudemeshError } from "../protocol/error.ts";
import { canonicalNumber } from "../protocol/json-canonical.ts";
import type { JsonValue } from "../protocol/json-value.ts";
import { limits } from "../protocol/limits.ts";

/**
 * A copy of what a program calls JSON, which it then cannot change any more. Refused is what JSON.stringify would leave
 * out, change or call for: undefined, functions, holes, NaN, big integers, BigInt, instances of classes (a Date, a Map).
 * Throws invalid_field, number_out_of_range, lone_surrogate, too_deep (also for what contains itself) or
 * meta_too_large; the message names the place.
 */
export function plainJson(value: unknown, name: string): JsonValue {
  return new Copier().copy(value, name, limits.metaDepthMax);
}

const pathCharsMax = 120;

class Copier {
  // A value takes a byte at least: shared parts that would unfold to more than any meta holds end here.
  #valuesLeft: number = limits.metaBytesMax;

  copy(value: unknown, path: string, levelsLeft: number): JsonValue {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0)
      throw new ClaudemeshError("meta_too_large", `${path} is beyond ${limits.metaBytesMax} bytes of meta`, {
        hint: "put large content into the body, or send a file",
      });
    switch (typeof value) {
      case "boolean":
        return value;
      case "string":
        return wellFormed(value, path);
      case "number":
        return number(value, path);
      case "bigint":
        throw bigInteger(value, path);
      case "object":
        if (value === null) return null;
        if (levelsLeft === 0)
          throw new ClaudemeshError("too_deep", `${path}: nested deeper than ${limits.metaDepthMax}`, {
            hint: "does it contain itself?",
          });
        return Array.isArray(value)
          ? this.#array(value, path, levelsLeft - 1)
          : this.#object(value, path, levelsLeft - 1);
      default:
        throw unfit(path, value === undefined ? "is undefined" : `is a ${typeof value}`, "leave it out, or give null");
    }
  }

  #array(items: readonly unknown[], path: string, levelsLeft: number): JsonValue {
    // Holes would become null, and named members vanish.
    if (Object.keys(items).length !== items.length)
      throw unfit(path, "is an array with holes or with members by name", "fill it, or give an object");
    return items.map((item, index) => this.copy(item, within(path, `[${index}]`), levelsLeft));
  }

  #object(value: object, path: string, levelsLeft: number): JsonValue {
    if (!isPlain(value))
      throw unfit(path, `is a ${className(value)}, not a plain object`, "give its content, as text, number or object");
    if (Object.getOwnPropertySymbols(value).length > 0)
      throw unfit(path, "has a member that is named by a symbol", "name it by a text");
    const members: Record<string, JsonValue> = Object.create(null);
    for (const [key, member] of Object.entries(value)) {
      const place = within(path, /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
      members[wellFormed(key, place)] = this.copy(member, place, levelsLeft);
    }
    return members;
  }
}

/** Of this realm or of another one: its prototype is the end of the chain, or has none before the end. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const { constructor: maker } = value;
  return typeof maker === "function" && maker.name !== "" ? maker.name : "class's instance";
}

function wellFormed(text: string, path: string): string {
  if (text.isWellFormed()) return text;
  throw new ClaudemeshError("lone_surrogate", `${path} has a lone surrogate`);
}

function number(value: number, path: string): number {
  try {
    canonicalNumber(value);
    return value;
  } catch (thrown) {
    const { code, message, hint } = ClaudemeshError.from(thrown);
    throw new ClaudemeshError(code, `${path}: ${message}`, hint === undefined ? {} : { hint });
  }
}

function bigInteger(value: bigint, path: string): ClaudemeshError {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  if (isSafe) return unfit(path, "is a BigInt", "give a number: Number(value)");
  return new ClaudemeshError("number_out_of_range", `${path}: the integer is beyond ±(2^53−1)`, {
    hint: "send it as a string",
  });
}

function within(path: string, part: string): string {
  const whole = path + part;
  return whole.length <= pathCharsMax ? whole : `${whole.slice(0, pathCharsMax)}…`;
}

function unfit(path: string, what: string, hint: string): ClaudemeshError {
  return new ClaudemeshError("invalid_field", `${path} ${what}`, { hint, details: { field: path } });
}
