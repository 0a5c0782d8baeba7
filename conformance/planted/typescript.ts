import { bugsIn, type PlantedBug } from "./planted-bug.ts";

export const typescriptBugs: readonly PlantedBug[] = [
  ...bugsIn("src/protocol/json-canonical.ts", [
    [
      "keys in the order of code points",
      "members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));",
      "members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));",
    ],
    ["keys in the order of the text", "members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));", ""],
    [
      "minus zero keeps its sign",
      "const text = String(value);",
      'const text = Object.is(value, -0) ? "-0" : String(value);',
    ],
    ["1E20 passes", "Math.abs(value) > Number.MAX_SAFE_INTEGER &&", "Math.abs(value) > 1e300 &&"],
  ]),
  ...bugsIn("src/protocol/json-parse.ts", [
    ["the last of two members with one key wins", "if (key in members) {", "if (key in members && key.length > 64) {"],
    ["objects have a prototype", "= Object.create(null);", "= {};"],
    [
      "a lone surrogate is replaced",
      'if (!result.isWellFormed()) throw new ClaudemeshError("lone_surrogate", "string has a lone surrogate");',
      "result = result.toWellFormed();",
    ],
    ["depth off by one", "if (depth > this.#depthMax)", "if (depth >= this.#depthMax)"],
    [
      "integers are rounded where their canonical form has an exponent",
      "integerToken.test(token) &&",
      "token.length > 40 &&",
    ],
    ["a byte order mark is swallowed", "ignoreBOM: true", "ignoreBOM: false"],
    ["broken UTF-8 is replaced", "fatal: true", "fatal: false"],
    ["escapes in small letters alone", "/^[0-9a-fA-F]{4}$/", "/^[0-9a-f]{4}$/"],
    ["a control character passes in a string", '/[^"\\\\\\u0000-\\u001f]*/y', '/[^"\\\\\\u0000-\\u001e]*/y'],
    ["a vertical tab is space", "code !== 0x20 &&", "code !== 0x20 && code !== 0x0b &&"],
  ]),
  ...bugsIn("src/protocol/meta.ts", [
    ["size in characters", "const bytes = Buffer.byteLength(text);", "const bytes = text.length;"],
    ["size off by one", "if (bytes <= limits.metaBytesMax)", "if (bytes < limits.metaBytesMax)"],
  ]),
  ...bugsIn("src/protocol/fingerprint-parts.ts", [
    ["mentions in the order of the envelope", "[...new Set(texts)].sort()", "[...new Set(texts)]"],
    ["mentions twice", "[...new Set(texts)].sort()", "[...texts].sort()"],
  ]),
  ...bugsIn("src/protocol/fingerprint-v1.ts", [
    ["version 1 joined without a boundary", '.join("\\0")', '.join("")'],
    ["version 1 with the hash in capitals", '.toString("hex")', '.toString("hex").toUpperCase()'],
  ]),
  ...bugsIn("src/protocol/length-prefixed.ts", [
    [
      "lengths with the lowest byte first",
      "bytes.writeUIntBE(length, at + 2, 6);",
      "bytes.writeUIntLE(length, at + 2, 6);",
    ],
  ]),
  ...bugsIn("src/protocol/envelope.ts", [
    ["another default content type", '"text/plain; charset=utf-8"', '"text/plain"'],
    ["another default priority", 'defaultPriority: Priority = "next"', 'defaultPriority: Priority = "low"'],
  ]),
];
