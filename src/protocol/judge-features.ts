import { featureSchema, invalidOptional, isRecord, requiredProblem, withinBounds } from "./feature-schemas.ts";
import type { NegotiationFailure } from "./features.ts";
import { requestFingerprintName } from "./fingerprint.ts";
import type { FeatureOffer, FeatureParams, HelloFrame } from "./frames.ts";
import { limits } from "./limits.ts";

/** Days of dedupe below which a daemon does not work: at three, 48 hours remain for an operator to act (delivery.md §3). */
export const dedupeDaysFloor = 3;

/** What both sides go by from now on. */
export interface Agreement {
  /** By feature. */
  readonly params: Readonly<Record<string, FeatureParams>>;
  /** Optional features that were answered invalidly, and `feature.parameter` where that is true of an optional parameter alone. */
  readonly ignored: readonly string[];
}

export type Verdict = ({ readonly ok: true } & Agreement) | ({ readonly ok: false } & NegotiationFailure);

/** How many rows are held under a fingerprint version, by its name. For the words of a failure. */
export type HeldRows = ReadonlyMap<string, number>;

/**
 * A daemon's judgement of hello_ack.features, whatever stands there. Required features first, in the order in which they were asked
 * for: the first that is absent, invalid by the shared schema, or below the floor, ends it. An optional feature that is invalid is
 * left out and named in `ignored`; so is an optional parameter, in whose place this daemon's own default stands.
 */
export function checkAck(
  asked: HelloFrame["features"],
  features: unknown,
  floorDays: number = dedupeDaysFloor,
  held: HeldRows = new Map(),
): Verdict {
  const told = readAnswer(features);
  if (typeof told === "string") {
    const [first = ""] = Object.keys(asked.require);
    return { ok: false, kind: "feature_param_invalid", feature: first, detail: told };
  }
  const params: [string, FeatureParams][] = [];
  const ignored: string[] = [];
  for (const [feature, offer] of Object.entries(asked.require)) {
    const has = Object.hasOwn(told.supported, feature) && !told.missing.includes(feature);
    const judged = has ? judge(feature, offer, told.supported[feature], floorDays, held) : absent(offer);
    if ("kind" in judged) return { ok: false, feature, ...judged };
    params.push([feature, judged.params]);
    ignored.push(...judged.ignored);
  }
  for (const [feature, offer] of Object.entries(asked.optional)) {
    if (!Object.hasOwn(told.supported, feature)) continue;
    const judged = judge(feature, offer, told.supported[feature], floorDays, held);
    if ("kind" in judged) {
      ignored.push(feature);
      continue;
    }
    params.push([feature, judged.params]);
    ignored.push(...judged.ignored);
  }
  return { ok: true, params: Object.fromEntries(params), ignored };
}

/** The parts of an answer that is one, or what is wrong with the whole of it. */
function readAnswer(
  features: unknown,
): { readonly supported: Readonly<Record<string, unknown>>; readonly missing: readonly unknown[] } | string {
  if (!isRecord(features)) return "the broker's answer to the features is no object";
  const { supported, missing_required: missing } = features;
  if (!isRecord(supported)) return "the broker's answer has no object `supported`";
  if (Object.keys(supported).length > limits.featuresMax)
    return `the broker's answer has more than ${limits.featuresMax} features`;
  if (!Array.isArray(missing) || !missing.every((name) => typeof name === "string") || !withinBounds(missing, 1))
    return "the broker's answer has no list of names `missing_required`";
  return { supported, missing };
}

type Failure = Omit<NegotiationFailure, "feature">;

function absent(offer: FeatureOffer): Failure {
  return {
    kind: "feature_unavailable",
    detail: `the broker does not have it in version ${offer.versions.join(" or ")}`,
  };
}

const invalid = (detail: string): Failure => ({ kind: "feature_param_invalid", detail });

function judge(
  feature: string,
  offer: FeatureOffer,
  answer: unknown,
  floorDays: number,
  held: HeldRows,
): { readonly params: FeatureParams; readonly ignored: readonly string[] } | Failure {
  if (!isRecord(answer) || !isRecord(answer["params"])) return invalid("the broker's answer has no parameters");
  const params = answer["params"];
  if (!withinBounds(params, 1)) return invalid("its parameters are too many, too long or too deep");
  const version = params["version"];
  if (typeof version !== "number" || !offer.versions.includes(version))
    return invalid(`version ${shownVersion(version)} was not offered`);
  const schema = featureSchema(feature, version);
  if (schema === null) return invalid(`version ${version} is unknown here`);
  const problem = requiredProblem(schema, params);
  if (problem !== null) return invalid(problem);
  if (feature === "client_message_id_dedupe") {
    const taken = version === 1 ? [requestFingerprintName] : params["fingerprint_versions"];
    const failure = unmetHold(offer, taken, held) ?? belowFloor(params, floorDays);
    if (failure !== null) return failure;
  }
  const junk = invalidOptional(schema, params);
  const kept = Object.entries(params).flatMap(([name, value]): [string, unknown][] => {
    if (!junk.includes(name)) return [[name, value]];
    const otherwise = schema.optional[name]?.otherwise;
    return otherwise === undefined ? [] : [[name, otherwise]];
  });
  return {
    params: Object.fromEntries(kept) as FeatureParams,
    ignored: junk.map((name) => `${feature}.${name}`),
  };
}

/** Frozen envelopes cannot be sealed anew: a broker that does not take their version would refuse each for good. */
function unmetHold({ holds = [] }: FeatureOffer, taken: unknown, held: HeldRows): Failure | null {
  const lacking = holds.find((name) => !(Array.isArray(taken) && taken.includes(name)));
  if (lacking === undefined) return null;
  const rows = held.get(lacking);
  const what = rows === undefined ? "rows were" : rows === 1 ? "1 row was" : `${rows} rows were`;
  return {
    ...invalid(`the broker no longer takes ${lacking}, under which ${what} sent without an answer`),
    hint: `ask the broker's operator to offer ${lacking} again ([features] fingerprint_versions), or take the rows out: claudemesh daemon up --read-only, claudemesh outbox list --state pending, then claudemesh outbox requeue ROW, or claudemesh outbox drop ROW --force where the outcome is unknown; at last claudemesh daemon up --no-read-only`,
  };
}

function belowFloor(params: Readonly<Record<string, unknown>>, floorDays: number): Failure | null {
  const days = params["dedupe_retention_days"];
  if (params["mode"] !== "retention_scoped" || typeof days !== "number" || days >= floorDays) return null;
  return {
    kind: "feature_param_below_floor",
    detail: `dedupe_retention_days is ${days}, the floor here is ${floorDays}`,
  };
}

function shownVersion(version: unknown): string {
  if (typeof version === "string") return JSON.stringify(version.slice(0, 40));
  return typeof version === "object" && version !== null ? "that is no number" : String(version);
}
