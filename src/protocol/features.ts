import type { CloseKind } from "./close-codes.ts";
import { ClaudemeshError } from "./error.ts";
import { featureSchemas, isRecord } from "./feature-schemas.ts";
import type { FeatureOffer, FeatureParams, HelloAckFrame, HelloFrame } from "./frames.ts";

/** A negotiation that failed, as the close codes 4010–4012 tell it. */
export interface NegotiationFailure {
  readonly kind: Extract<CloseKind, "feature_unavailable" | "feature_param_invalid" | "feature_param_below_floor">;
  readonly feature: string;
  readonly detail: string;
}

/** At three days of dedupe, 48 hours remain for an operator to act (delivery.md §3). */
const dedupeDaysFloor = 3;

const requiredByDefault = ["client_message_id_dedupe", "concurrent_connection_policy"] as const;

/** What a daemon offers: every version it knows; the first two features required, others if configured. */
export function offerFeatures(alsoRequired: readonly string[] = []): HelloFrame["features"] {
  const require: Record<string, FeatureOffer> = {};
  const optional: Record<string, FeatureOffer> = {};
  for (const [name, versions] of Object.entries(featureSchemas)) {
    const offer = { versions: Object.keys(versions).map(Number) };
    if (alsoRequired.includes(name) || requiredByDefault.some((required) => required === name)) require[name] = offer;
    else optional[name] = offer;
  }
  for (const name of alsoRequired) require[name] ??= { versions: [1] };
  return { require, optional };
}

/** The broker's answer: per feature the highest version both know, with the broker's parameters for it. */
export function answerFeatures(
  asked: HelloFrame["features"],
  params: Readonly<Record<string, Readonly<Record<number, Readonly<Record<string, unknown>>>>>>,
): HelloAckFrame["features"] {
  const supported: Record<string, { params: FeatureParams }> = {};
  const missing: string[] = [];
  const offers: [string, FeatureOffer, boolean][] = [
    ...Object.entries(asked.require).map(([name, offer]): [string, FeatureOffer, boolean] => [name, offer, true]),
    ...Object.entries(asked.optional).map(([name, offer]): [string, FeatureOffer, boolean] => [name, offer, false]),
  ];
  for (const [name, offer, required] of offers) {
    const own = Object.hasOwn(params, name) ? (params[name] ?? {}) : {};
    const version = Math.max(
      ...Object.keys(own)
        .map(Number)
        .filter((known) => offer.versions.includes(known)),
    );
    if (Number.isFinite(version)) supported[name] = { params: { ...own[version], version } };
    else if (required) missing.push(name);
  }
  return { supported, missing_required: missing };
}

/**
 * A daemon's judgement of hello_ack.features. Required features must be there, valid by the shared schema, and not
 * below the floor; an optional feature that is invalid is left out and named in `ignored`.
 */
export function checkAck(
  asked: HelloFrame["features"],
  features: unknown,
  floorDays: number = dedupeDaysFloor,
): { ok: true; params: Record<string, FeatureParams>; ignored: string[] } | ({ ok: false } & NegotiationFailure) {
  const supported = isRecord(features) && isRecord(features["supported"]) ? features["supported"] : {};
  const params: Record<string, FeatureParams> = {};
  const ignored: string[] = [];
  for (const [name, offer] of Object.entries({ ...asked.optional, ...asked.require })) {
    const required = Object.hasOwn(asked.require, name);
    const failure = judge(name, offer, Object.hasOwn(supported, name) ? supported[name] : undefined, floorDays);
    if ("params" in failure) params[name] = failure.params;
    else if (required) return { ok: false, ...failure };
    else if (Object.hasOwn(supported, name)) ignored.push(name);
  }
  return { ok: true, params, ignored };
}

function judge(
  name: string,
  offer: FeatureOffer,
  answer: unknown,
  floorDays: number,
): { params: FeatureParams } | NegotiationFailure {
  if (answer === undefined)
    return { kind: "feature_unavailable", feature: name, detail: "the broker does not have it" };
  const params = isRecord(answer) && isRecord(answer["params"]) ? answer["params"] : {};
  const version = params["version"];
  const invalid = (detail: string): NegotiationFailure => ({ kind: "feature_param_invalid", feature: name, detail });
  if (typeof version !== "number" || !offer.versions.includes(version))
    return invalid(`version ${String(version).slice(0, 40)} was not offered`);
  const schema = featureSchemas[name]?.[version];
  if (schema === undefined) return invalid(`version ${version} is unknown here`);
  const problem = schema(params);
  if (problem !== null) return invalid(problem);
  const days = params["dedupe_retention_days"];
  if (
    name === "client_message_id_dedupe" &&
    params["mode"] === "retention_scoped" &&
    typeof days === "number" &&
    days < floorDays
  ) {
    return {
      kind: "feature_param_below_floor",
      feature: name,
      detail: `dedupe_retention_days is ${days}, the floor here is ${floorDays}`,
    };
  }
  return { params: params as FeatureParams };
}

/** Hours after its first attempt that a row may still be sent, by the negotiated window (delivery.md §3). */
export function maxAgeHours(dedupe: Readonly<Record<string, unknown>>, overrideHours: number | null = null): number {
  const permanent = dedupe["mode"] === "permanent";
  const days = Number(dedupe["dedupe_retention_days"]);
  const ceiling = permanent ? 720 : days * 24 - 24;
  if (overrideHours !== null) {
    if (overrideHours > ceiling) {
      throw new ClaudemeshError(
        "outbox_max_age_above_dedupe_window",
        `max_age_hours_override ${overrideHours} is above ${ceiling} hours`,
        {
          hint: `set [outbox] max_age_hours_override to at most ${ceiling} in config.toml`,
        },
      );
    }
    return overrideHours;
  }
  return permanent ? 168 : days * 24 - Math.max(24, Math.ceil(days * 2.4));
}
