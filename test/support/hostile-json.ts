import { limits } from "../../src/protocol/limits.ts";

/** A text that no boundary takes, and the code of its refusal. */
export interface HostileJson {
  readonly what: string;
  readonly bytes: Buffer;
  readonly code: string;
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;
/** Nesting that a whole request may have. */
const requestDepthMax = 32;

function hostile(what: string, text: string | Uint8Array, code: string): HostileJson {
  return { what, bytes: Buffer.from(text as string), code };
}

/** Inside of a text in quotes. */
function badUtf8(what: string, ...bytes: number[]): HostileJson {
  const text = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
  return hostile(`UTF-8 that is ${what}`, text, "invalid_utf8");
}

/** What JSON.parse, or a decoder that mends, would let pass or change: refused whatever the object is for. */
const anyObject: readonly HostileJson[] = [
  hostile("a key that occurs twice", '{"a":1,"a":1}', "duplicate_key"),
  hostile("a key that occurs twice, once in escapes", '{"a":1,"\\u0061":2}', "duplicate_key"),
  hostile("a key that occurs twice, deep inside", '{"a":[{"b":1,"b":2}]}', "duplicate_key"),
  hostile("__proto__ twice", '{"__proto__":1,"__proto__":2}', "duplicate_key"),
  hostile("2^53+1", '{"a":9007199254740993}', "number_out_of_range"),
  hostile("-2^53", '{"a":-9007199254740992}', "number_out_of_range"),
  hostile("1E20, an integer once it is written", '{"a":1E20}', "number_out_of_range"),
  hostile("1e400", '{"a":1e400}', "number_out_of_range"),
  hostile("a lone high surrogate", '{"a":"\\ud800"}', "lone_surrogate"),
  hostile("a lone low surrogate as a key", '{"\\udc00":1}', "lone_surrogate"),
  hostile("surrogates in the wrong order", '{"a":"\\udc00\\ud800"}', "lone_surrogate"),
  badUtf8("a single byte", 0xff),
  badUtf8("overlong", 0xc0, 0xaf),
  badUtf8("a surrogate", 0xed, 0xa0, 0x80),
  badUtf8("cut short", 0xe2, 0x82),
  badUtf8("beyond U+10FFFF", 0xf4, 0x90, 0x80, 0x80),
  hostile("a byte order mark", Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), "malformed_json"),
  hostile("a comma before the end", '{"a":1,}', "malformed_json"),
  hostile("a leading zero", '{"a":01}', "malformed_json"),
  hostile("NaN", '{"a":NaN}', "malformed_json"),
  hostile("a comment", '{"a":1/**/}', "malformed_json"),
  hostile("quotes that are none", "{'a':1}", "malformed_json"),
  hostile("a control character in a text", '{"a":"\u0000"}', "malformed_json"),
  hostile("an end that is missing", '{"a":{"b":1}', "malformed_json"),
  hostile("text after the end", '{"a":1}{}', "malformed_json"),
];

/** As the body of a request. */
export const hostileBodies: readonly HostileJson[] = [
  ...anyObject,
  hostile("too many levels", nested(requestDepthMax + 1), "too_deep"),
  hostile("ten thousand levels", "[".repeat(10_000), "too_deep"),
  hostile("no object but null", "null", "invalid_field"),
];

/** As meta, which is smaller than a request and an object. */
export const hostileMetas: readonly HostileJson[] = [
  ...anyObject,
  hostile("one level too many", nested(limits.metaDepthMax + 1), "too_deep"),
  hostile("one byte too many", `{"a":"${"x".repeat(limits.metaBytesMax - 7)}"}`, "meta_too_large"),
  hostile("many wide characters", `{"a":"${"€".repeat(limits.metaBytesMax / 3)}"}`, "meta_too_large"),
  hostile("a list", "[1]", "invalid_field"),
  hostile("a text", '"a"', "invalid_field"),
  hostile("a number", "7", "invalid_field"),
];

/** The JSON of an object with one more member, whose value is `text` as it is. */
export function withRaw(fields: object, name: string, text: Uint8Array): Buffer {
  const head = JSON.stringify(fields).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head}${head === "{" ? "" : ","}"${name}":`), text, Buffer.from("}")]);
}
