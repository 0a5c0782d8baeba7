import { readFileSync } from "node:fs";
import type { answerFeatures } from "./features.ts";
import type { HelloAckFrame, HelloFrame } from "./frames.ts";

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

/** What the adapters take (conformance/README.md); null is absent. */
export interface FingerprintEnvelope {
  readonly mesh_id: string;
  readonly kind: "dm" | "topic" | "queue" | "request";
  readonly ref: string;
  readonly reply_to?: string | null;
  readonly priority?: "now" | "next" | "low" | null;
  readonly meta_text?: string | null;
  readonly mentions?: readonly string[] | null;
  readonly content_type?: string | null;
  /** base64url. */
  readonly body?: string | null;
}

export interface FingerprintCase {
  readonly name: string;
  readonly envelope: FingerprintEnvelope;
  readonly canonical_meta: string;
  readonly canonical_mentions: string;
  readonly body_sha256: string;
  readonly v1: string;
  readonly v2: string;
  readonly local: string;
}

export interface FingerprintVectors {
  readonly cases: readonly FingerprintCase[];
  /** null: nothing is said of that version. */
  readonly groups: readonly {
    readonly about: string;
    readonly cases: readonly string[];
    readonly same_v1: boolean | null;
    readonly same_v2: boolean | null;
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly envelope: FingerprintEnvelope;
    readonly error: string;
  }[];
  /** What is no envelope: only who takes it as JSON can meet it. */
  readonly malformed: readonly { readonly name: string; readonly envelope: unknown; readonly error: string }[];
}

/** A reason of a close frame; feature null: there is none. */
export interface CloseReasonCase {
  readonly name: string;
  readonly kind: string;
  readonly feature: string | null;
  readonly detail: string;
  readonly reason: string;
}

type Features = HelloFrame["features"];

export interface NegotiationVectors {
  /** What a broker that has `own`, by feature and version, answers. */
  readonly answers: readonly {
    readonly name: string;
    readonly own: Parameters<typeof answerFeatures>[1];
    readonly asked: Features;
    readonly answer: HelloAckFrame["features"];
  }[];
  /** What a daemon says of an answer, which may be anything. */
  readonly judgements: readonly {
    readonly name: string;
    readonly offers: Features;
    readonly floor_days: number;
    readonly ack_features: unknown;
    readonly verdict:
      | { readonly ok: true; readonly versions: Readonly<Record<string, number>>; readonly ignored: readonly string[] }
      | { readonly ok: false; readonly kind: string; readonly feature: string };
  }[];
}

export const canonicalCases = (read("canonical.json") as { cases: readonly CanonicalCase[] }).cases;
export const closeReasonCases = (read("close-reasons.json") as { cases: readonly CloseReasonCase[] }).cases;
export const negotiationVectors = read("negotiation.json") as NegotiationVectors;
export const fingerprintVectors = read("fingerprints.json") as FingerprintVectors;

/** RFC 8785, appendix B: bits of a double, and its text. */
export const rfcNumbers = read("rfc8785/numbers.json") as readonly {
  readonly bits: string;
  readonly text: string | null;
}[];

/** Published pairs of RFC 8785's authors. */
export const rfcFiles = rfcFilesIn(new URL("rfc8785/", folder));

/** The same pairs from another folder of that form. */
export function rfcFilesIn(from: URL): { readonly name: string; readonly input: Buffer; readonly output: Buffer }[] {
  return ["arrays", "french", "structures", "unicode", "values", "weird"].map((name) => ({
    name,
    input: readFileSync(new URL(`input/${name}.json`, from)),
    output: Buffer.from(readFileSync(new URL(`outhex/${name}.txt`, from), "utf8").replace(/\s/g, ""), "hex"),
  }));
}

export function inputOf(vector: CanonicalCase): Buffer | string {
  if (vector.input_units !== undefined) return vector.input_units;
  if (vector.repeat === undefined) return Buffer.from(vector.input_hex ?? "", "hex");
  const [opening, times, closing] = vector.repeat;
  return Buffer.from(opening.repeat(times) + closing.repeat(times));
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}
