import { ClaudemeshError } from "./error.ts";
import { canonicalNumber } from "./json-canonical.ts";
import type { JsonValue } from "./json-value.ts";

/** Nesting of a whole request; meta has its own, smaller bound. */
const defaultDepthMax = 32;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Strict JSON (RFC 8259, I-JSON's restrictions): sees duplicate keys, integers beyond ±(2^53−1), lone surrogates and
 * broken UTF-8, which JSON.parse hides. Throws malformed_json, duplicate_key, number_out_of_range, invalid_utf8,
 * lone_surrogate or too_deep.
 */
export function parseJson(source: Uint8Array | string, bounds: { readonly depthMax?: number } = {}): JsonValue {
  const parser = new Parser(typeof source === "string" ? source : decode(source), bounds.depthMax ?? defaultDepthMax);
  return parser.document();
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new ClaudemeshError("invalid_utf8", "the text is not UTF-8", { cause: error });
  }
}

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// What a string may hold unescaped, up to the next quote or backslash.
const plainRun = /[^"\\\u0000-\u001f]*/y;
const integerToken = /^-?\d+$/;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function brokenOff(token: string, next: string | undefined): boolean {
  if (next === ".") return integerToken.test(token);
  return (next === "e" || next === "E") && !/[eE]/.test(token);
}

/** One pass of recursive descent over a text. */
class Parser {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#malformed("text after the value");
    return value;
  }

  #value(depth: number): JsonValue {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth + 1);
      case 0x5b:
        return this.#array(depth + 1);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word("true", true);
      case 0x66:
        return this.#word("false", false);
      case 0x6e:
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonValue {
    this.#enter(depth);
    const members: Record<string, JsonValue> = Object.create(null);
    this.#space();
    if (this.#take(0x7d)) return members;
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#malformed("a key in quotes expected");
      const key = this.#string();
      if (key in members) {
        throw new ClaudemeshError("duplicate_key", `key ${JSON.stringify(key.slice(0, 80))} occurs twice`);
      }
      this.#space();
      if (!this.#take(0x3a)) throw this.#malformed("':' expected");
      this.#space();
      members[key] = this.#value(depth);
      this.#space();
      if (this.#take(0x7d)) return members;
      if (!this.#take(0x2c)) throw this.#malformed("',' or '}' expected");
      this.#space();
    }
  }

  #array(depth: number): JsonValue {
    this.#enter(depth);
    const items: JsonValue[] = [];
    this.#space();
    if (this.#take(0x5d)) return items;
    for (;;) {
      items.push(this.#value(depth));
      this.#space();
      if (this.#take(0x5d)) return items;
      if (!this.#take(0x2c)) throw this.#malformed("',' or ']' expected");
      this.#space();
    }
  }

  #enter(depth: number): void {
    if (depth > this.#depthMax) throw new ClaudemeshError("too_deep", `nested deeper than ${this.#depthMax}`);
    this.#at += 1;
  }

  #string(): string {
    this.#at += 1;
    let result = "";
    for (;;) {
      plainRun.lastIndex = this.#at;
      const run = plainRun.exec(this.#text)?.[0] ?? "";
      this.#at += run.length;
      result = result === "" ? run : result + run;
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      if (code !== 0x5c)
        throw this.#malformed(Number.isNaN(code) ? "string without end" : "control character in a string");
      result += this.#escape();
    }
    this.#at += 1;
    if (!result.isWellFormed()) throw new ClaudemeshError("lone_surrogate", "string has a lone surrogate");
    return result;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#malformed("\\u needs four hex digits");
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    if (!Object.hasOwn(escapes, letter)) throw this.#malformed("unknown escape");
    this.#at += 2;
    return escapes[letter] ?? "";
  }

  #number(): number {
    numberToken.lastIndex = this.#at;
    const token = numberToken.exec(this.#text)?.[0];
    if (token === undefined) throw this.#malformed("a value expected");
    this.#at += token.length;
    // A token that breaks off inside its fraction or exponent is none: its digits are not judged before.
    if (brokenOff(token, this.#text[this.#at])) throw this.#malformed("a digit expected");
    const value = Number(token);
    if (integerToken.test(token) && !Number.isSafeInteger(value)) {
      throw new ClaudemeshError("number_out_of_range", `integer ${token.slice(0, 40)} is beyond ±(2^53−1)`, {
        hint: "send it as a string",
      });
    }
    canonicalNumber(value);
    return value;
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#malformed("a value expected");
    this.#at += word.length;
    return value;
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #malformed(what: string): ClaudemeshError {
    return new ClaudemeshError("malformed_json", `not JSON at character ${this.#at}: ${what}`, {
      details: { at: this.#at },
    });
  }
}
