import { createHash, hash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Answer } from "./adapter.ts";

/**
 * The numbers of RFC 8785's appendix B: the sequence that its authors' file of 100,000,000 lines is made of, and the SHA-256 that
 * they publish of its beginnings. A line is the bits in hexadecimal, a comma, and the number as ECMAScript writes it.
 */
interface Published {
  readonly first_bits: readonly string[];
  readonly then_from: string;
  readonly then_count: number;
  readonly sha256: Readonly<Record<string, string>>;
}

const published = JSON.parse(
  readFileSync(new URL("vectors/rfc8785/es6-numbers.json", import.meta.url), "utf8"),
) as Published;

/** Numbers of lines of which the hash is published. */
export const publishedCounts: readonly number[] = Object.keys(published.sha256).map(Number);

/** Written bits, then so many that follow each other, then what SHA-256 makes of itself, zeros and what is no number left out. */
export function* es6Numbers(): Generator<number> {
  const view = new DataView(new ArrayBuffer(8));
  const double = (bits: bigint): number => {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  };
  for (const bits of published.first_bits) yield double(BigInt(`0x${bits}`));
  for (let index = 0; index < published.then_count; index += 1)
    yield double(BigInt(`0x${published.then_from}`) + BigInt(index));
  for (let block: Buffer = Buffer.alloc(32); ; ) {
    block = hash("sha256", block, "buffer");
    for (let at = 0; at < 32; at += 8) {
      const value = block.readDoubleLE(at);
      if (value !== 0 && Number.isFinite(value)) yield value;
    }
  }
}

/** Says of each beginning whose hash is published whether this sequence, as this program writes it, has that hash. */
export function checkPublished(count: number): { readonly lines: number; readonly agrees: boolean }[] {
  const sum = createHash("sha256");
  const view = new DataView(new ArrayBuffer(8));
  const found: { lines: number; agrees: boolean }[] = [];
  const last = Math.max(0, ...publishedCounts.filter((lines) => lines <= count));
  let lines = 0;
  for (const value of es6Numbers()) {
    if (lines === last) break;
    view.setFloat64(0, value);
    sum.update(`${view.getBigUint64(0).toString(16)},${value}\n`);
    lines += 1;
    const want = published.sha256[String(lines)];
    if (want !== undefined) found.push({ lines, agrees: sum.copy().digest("hex") === want });
  }
  return found;
}

/** What the profile makes of a number: its text, or the refusal of an integer literal beyond ±(2^53−1). */
export function canonicalOf(value: number): Answer {
  const text = String(value);
  const isBeyond = /^-?\d+$/.test(text) && !Number.isSafeInteger(value);
  return isBeyond ? { ok: false, code: "number_out_of_range" } : { ok: true, canonical: text };
}

/** One of many texts that mean this number, chosen by `turn`; some of them are not the shortest, none is another number. */
export function spelled(value: number, turn: number): string {
  const sign = Object.is(value, -0) ? "-" : "";
  switch (turn % 6) {
    case 0:
      return sign + String(value);
    case 1:
      return sign + value.toExponential(16);
    case 2:
      return sign + value.toExponential(20).replace("e+", "E");
    case 3:
      return sign + value.toExponential(100).replace("e", "E");
    case 4:
      return sign + pointMoved(value.toExponential());
    default:
      return sign + value.toExponential(17).replace(/(e[+-])/, "00$100");
  }
}

/** The point before the first digit, and the exponent one higher. */
function pointMoved(text: string): string {
  const [, minus = "", first = "", , rest = "", exponent = "0"] = /^(-?)(\d)(\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  return `${minus}0.${first}${rest}e${Number(exponent) + 1}`;
}
