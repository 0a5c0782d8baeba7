import type { CloseKind } from "./close-codes.ts";
import { ClaudemeshError } from "./error.ts";
import { featureSchemas } from "./feature-schemas.ts";
import type { FeatureOffer, FeatureParams, HelloAckFrame, HelloFrame } from "./frames.ts";

/** A negotiation that failed, as the close codes 4010–4012 tell it. */
export interface NegotiationFailure {
  readonly kind: Extract<CloseKind, "feature_unavailable" | "feature_param_invalid" | "feature_param_below_floor">;
  readonly feature: string;
  readonly detail: string;
  /** What helps, where it is something else than with others of the kind. */
  readonly hint?: string;
}

/** Versions by feature. */
export type FeatureVersions = Readonly<Record<string, readonly number[]>>;

const requiredByDefault = ["client_message_id_dedupe", "concurrent_connection_policy"];

/** Every version of every feature that there is a schema of. */
export function everyFeature(): FeatureVersions {
  return Object.fromEntries(
    Object.entries(featureSchemas).map(([name, versions]) => [name, Object.keys(versions).map(Number)]),
  );
}

/**
 * What a daemon offers: every version it knows; the first two features required, others if configured. `holds`: names of the
 * fingerprint versions under which it holds envelopes that cannot change any more.
 */
export function offerFeatures(
  alsoRequired: readonly string[] = [],
  known: FeatureVersions = everyFeature(),
  holds: readonly string[] = [],
): HelloFrame["features"] {
  const offers = new Map<string, FeatureOffer>(Object.entries(known).map(([name, versions]) => [name, { versions }]));
  // What this daemon has never heard of is asked for by its first version: then it is the broker that lacks it.
  for (const name of alsoRequired) if (!offers.has(name)) offers.set(name, { versions: [1] });
  const dedupe = offers.get("client_message_id_dedupe");
  if (dedupe !== undefined && holds.length > 0) offers.set("client_message_id_dedupe", { ...dedupe, holds });
  const required = new Set([...requiredByDefault, ...alsoRequired]);
  const among = (wanted: boolean) => Object.fromEntries([...offers].filter(([name]) => required.has(name) === wanted));
  return { require: among(true), optional: among(false) };
}

/** The broker's answer: per feature the highest version both know, with the broker's parameters for it. */
export function answerFeatures(
  asked: HelloFrame["features"],
  params: Readonly<Record<string, Readonly<Record<number, Readonly<Record<string, unknown>>>>>>,
): HelloAckFrame["features"] {
  const supported: [string, { params: FeatureParams }][] = [];
  const missing: string[] = [];
  for (const [offers, required] of [
    [asked.require, true],
    [asked.optional, false],
  ] as const) {
    for (const [name, offer] of Object.entries(offers)) {
      const own = Object.hasOwn(params, name) ? (params[name] ?? {}) : {};
      const both = Object.keys(own)
        .map(Number)
        .filter((version) => offer.versions.includes(version));
      const version = Math.max(...both);
      if (both.length > 0) supported.push([name, { params: { ...own[version], version } }]);
      else if (required) missing.push(name);
    }
  }
  return { supported: Object.fromEntries(supported), missing_required: missing };
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
