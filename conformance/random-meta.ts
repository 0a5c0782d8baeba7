import type { Request } from "./adapter.ts";
import { spelled } from "./es6-numbers.ts";
import type { Random } from "./random.ts";
import { characters } from "./random-text.ts";

/** JSON that is hostile in every way that the profile names, and as often none: about half of it has a canonical form. */
export function randomMeta(random: Random): Request {
  const as: Request = random.once(4) ? {} : { as: "meta" };
  let text = document(random, "as" in as);
  if (random.once(12)) text = broken(random, text);
  if (random.once(20) && text.isWellFormed())
    return { op: "canonicalize", base64url: brokenBytes(random, text), ...as };
  if (random.once(20) && text.isWellFormed())
    return { op: "canonicalize", base64url: Buffer.from(text).toString("base64url"), ...as };
  return { op: "canonicalize", text, ...as };
}

function document(random: Random, asMeta: boolean): string {
  const text = asMeta && !random.once(40) ? object(random, 1) : value(random, 0);
  if (random.once(30)) return deep(random, text);
  if (random.once(30)) return large(random);
  return space(random) + text + space(random);
}

function value(random: Random, depth: number): string {
  const kind = random.below(depth < 6 ? 10 : 7);
  if (kind < 3) return quoted(random);
  if (kind < 6) return number(random);
  if (kind < 7)
    return random.once(150)
      ? random.pick(["True", "nul", "NaN", "undefined", ""])
      : random.pick(["true", "false", "null"]);
  return kind < 9 ? object(random, depth + 1) : array(random, depth + 1);
}

function object(random: Random, depth: number): string {
  const keys = Array.from({ length: random.below(6) }, () => key(random));
  // Two of these are seldom equal; a key is repeated on purpose, in a spelling of its own.
  const again = keys.length > 0 && random.once(40) ? [respelled(random, keys[0] ?? "")] : [];
  const members = [...keys.map((name) => spellText(random, name)), ...again].map(
    (name) => `${space(random)}${name}${space(random)}:${space(random)}${value(random, depth)}${space(random)}`,
  );
  return `{${members.join(",")}${members.length === 0 ? space(random) : ""}}`;
}

function array(random: Random, depth: number): string {
  const items = Array.from({ length: random.below(6) }, () => space(random) + value(random, depth) + space(random));
  return `[${items.join(",")}]`;
}

const keys = [
  "a",
  "b",
  "run",
  "id",
  "10",
  "9",
  "1",
  "-1",
  "",
  "__proto__",
  "constructor",
  "toJSON",
  "A",
  "é",
  "z",
  "€",
  "\uffff",
  "\ue000",
  "😂",
  "😃",
];

function key(random: Random): string {
  return random.once(3) ? characters(random, 4) : random.pick(keys) + (random.once(2) ? String(random.below(100)) : "");
}

function quoted(random: Random): string {
  return spellText(random, characters(random, random.once(10) ? 60 : 8));
}

const shortEscapes: Readonly<Record<string, string>> = {
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\f": "f",
  "\r": "r",
  "/": "/",
};

function spellText(random: Random, text: string): string {
  let written = "";
  for (const point of text) {
    const must = point < " " || point === '"' || point === "\\";
    if (must ? random.once(2_000) : !random.once(8)) written += point;
    else if (Object.hasOwn(shortEscapes, point) && random.once(2)) written += `\\${shortEscapes[point]}`;
    else if ((point === '"' || point === "\\") && random.once(2)) written += `\\${point}`;
    else for (let at = 0; at < point.length; at += 1) written += escaped(random, point.charCodeAt(at));
  }
  return `"${written}"`;
}

/** Every code unit as an escape. */
function respelled(random: Random, text: string): string {
  return `"${Array.from({ length: text.length }, (_, at) => escaped(random, text.charCodeAt(at))).join("")}"`;
}

function escaped(random: Random, unit: number): string {
  const hex = unit.toString(16).padStart(4, "0");
  return `\\u${random.once(2) ? hex : hex.toUpperCase()}`;
}

const edges = [
  "0",
  "-0",
  "-0.0",
  "1e21",
  "1e-7",
  "1e-6",
  "5e-324",
  "2.4703282292062327e-324",
  "1.7976931348623157e308",
  "9007199254740991",
  "-9007199254740991",
  "9007199254740991.4",
  "4503599627370497.5",
  "0.1",
  "0e99999",
  "1E+2",
];
const beyond = [
  "9007199254740992",
  "-9007199254740993",
  "1e20",
  "9007199254740991.5",
  "1e400",
  "-1E999",
  "18446744073709551615",
  "999999999999999999999",
];
const malformed = ["01", "1.", ".5", "+1", "-", "1e", "1e+", "0x1", "9007199254740993.", "1_0", "--1"];

function number(random: Random): string {
  if (random.once(150)) return random.pick(beyond);
  if (random.once(300)) return random.pick(malformed);
  if (random.once(3)) return random.pick(edges);
  if (random.once(2)) return String(random.below(2_000) - 1_000);
  const double = random.once(2)
    ? random.double()
    : (random.below(2 ** 32) / 2 ** random.below(40)) * (random.once(2) ? -1 : 1);
  // Of any exponent, most are no integers; the rest is refused as it should be, and too often to learn much from.
  const isWell = Number.isFinite(double) && (Math.abs(double) < 2 ** 53 || Math.abs(double) >= 1e21 || random.once(20));
  const text = isWell ? spelled(double, random.below(6)) : "7";
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? "7" : text;
}

function space(random: Random): string {
  if (!random.once(6)) return "";
  return random.once(500) ? random.pick(["\u00a0", "\v", "\ufeff", "\0"]) : random.pick([" ", "\n", "\t", "\r", "  "]);
}

/** About the depth that is the last one allowed. */
function deep(random: Random, core: string): string {
  let text = core;
  for (let level = 8 + random.below(10); level > 0; level -= 1) text = random.once(2) ? `[${text}]` : `{"a":${text}}`;
  return `{"deep":${text}}`;
}

/** About the size that is the last one allowed, in characters of one to six bytes. */
function large(random: Random): string {
  const character = random.pick(["x", "é", "€", "😂", "\\u0001", "\\t", "\\u0061"]);
  const bytes = { é: 2, "€": 3, "😂": 4, "\\u0001": 6, "\\t": 2 }[character] ?? 1;
  const count = Math.floor(8_184 / bytes) - 1;
  return `{"k":"${character.repeat(count)}${"x".repeat(8_184 - count * bytes + random.below(4) - 1)}"}`;
}

function broken(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return (
        text.slice(0, at) + random.pick([...'{}[],:"\\0-.eE \n\u0000x', "\ufeff", "\ud800", "\udc00"]) + text.slice(at)
      );
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - 1 - random.below(8)));
    default:
      return text + random.pick(["x", "{}", ",", "]", "}", "\ufeff", "\u0000"]);
  }
}

const tails = [
  "ff",
  "80",
  "c080",
  "c1bf",
  "e09fbf",
  "eda080",
  "edbfbf",
  "f08fbfbf",
  "f4908080",
  "f8888080",
  "c3",
  "e282",
  "f09f98",
  "efbbbf",
  "c3a9",
  "f09f9882",
];

function brokenBytes(random: Random, text: string): string {
  const bytes = Buffer.from(text);
  const at = random.below(bytes.length + 1);
  const inserted = Buffer.from(random.pick(tails), "hex");
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]).toString("base64url");
}
