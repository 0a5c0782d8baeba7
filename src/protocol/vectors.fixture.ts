import { readFileSync } from "node:fs";

const folder = new URL("../../conformance/vectors/", import.meta.url);

/** A case of conformance/vectors/canonical.json: either `canonical` or `error`. */
export interface CanonicalCase {
  readonly name: string;
  readonly as: "value" | "meta";
  readonly input_hex?: string;
  /** A text with raw lone surrogates, which no bytes stand for. */
  readonly input_units?: string;
  readonly repeat?: readonly [string, number, string];
  readonly canonical?: string;
  readonly error?: string;
}

export interface FingerprintRequest {
  readonly mesh_id: string;
  readonly kind: "dm" | "topic" | "queue";
  readonly ref: string;
  readonly reply_to?: string;
  readonly priority?: "now" | "next" | "low";
  readonly meta?: string;
  readonly mentions?: readonly string[];
  readonly content_type?: string;
  readonly body_hex: string;
}

export interface FingerprintCase {
  readonly name: string;
  readonly request: FingerprintRequest;
  readonly canonical_meta: string;
  readonly canonical_mentions: string;
  readonly body_sha256: string;
  readonly v1: string;
  readonly v2: string;
  readonly local: string;
}

export interface FingerprintVectors {
  readonly cases: readonly FingerprintCase[];
  readonly groups: readonly {
    readonly about: string;
    readonly cases: readonly string[];
    readonly same_v1: boolean;
    readonly same_v2: boolean;
  }[];
  readonly refused: readonly { readonly name: string; readonly request: FingerprintRequest; readonly error: string }[];
}

export const canonicalCases = (read("canonical.json") as { cases: readonly CanonicalCase[] }).cases;
export const fingerprintVectors = read("fingerprints.json") as FingerprintVectors;

/** RFC 8785, appendix B: bits of a double, and its text. */
export const rfcNumbers = read("rfc8785/numbers.json") as readonly {
  readonly bits: string;
  readonly text: string | null;
}[];

/** Published pairs of RFC 8785's authors. */
export const rfcFiles = ["arrays", "french", "structures", "unicode", "values", "weird"].map((name) => ({
  name,
  input: readFileSync(new URL(`rfc8785/input/${name}.json`, folder)),
  output: Buffer.from(readFileSync(new URL(`rfc8785/outhex/${name}.txt`, folder), "utf8").replace(/\s/g, ""), "hex"),
}));

export function inputOf(vector: CanonicalCase): Buffer | string {
  if (vector.input_units !== undefined) return vector.input_units;
  if (vector.repeat === undefined) return Buffer.from(vector.input_hex ?? "", "hex");
  const [opening, times, closing] = vector.repeat;
  return Buffer.from(opening.repeat(times) + closing.repeat(times));
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}
