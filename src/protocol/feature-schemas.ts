import { concurrencyPolicies, defaultConcurrencyPolicy } from "./concurrency.ts";
import { fingerprintVersions } from "./fingerprint.ts";
import { limits } from "./limits.ts";

/** What a parameter of a feature may be. */
export type ParameterRule =
  | { readonly is: "integer"; readonly least: number }
  | { readonly is: "one_of"; readonly values: readonly string[] }
  | { readonly is: "true" }
  /** Names of wire fingerprints, of which one at least is known here. */
  | { readonly is: "fingerprint_names" };

/** Without it, or with another value, the feature's answer is invalid. */
export type RequiredParameter = ParameterRule & {
  /** It is required where another parameter has this value, and nothing is asked of it elsewhere. */
  readonly where?: { readonly parameter: string; readonly value: string };
};

/** It may be absent. In the place of an invalid one stands `otherwise`, or nothing. */
export type OptionalParameter = ParameterRule & { readonly otherwise?: string | number };

/** Parameters that it does not name pass through as they are. */
export interface FeatureSchema {
  readonly required: Readonly<Record<string, RequiredParameter>>;
  readonly optional: Readonly<Record<string, OptionalParameter>>;
}

const dedupeWindow = {
  mode: { is: "one_of", values: ["retention_scoped", "permanent"] },
  dedupe_retention_days: { is: "integer", least: 1, where: { parameter: "mode", value: "retention_scoped" } },
} as const;
const tombstones = { tombstone_history_pruned_window_days: { is: "integer", least: 1 } } as const;
const nothing: FeatureSchema = { required: {}, optional: {} };

/** One schema per feature and version, by which both sides validate (wire.md §2). */
export const featureSchemas: Readonly<Record<string, Readonly<Record<number, FeatureSchema>>>> = {
  client_message_id_dedupe: {
    1: { required: { ...dedupeWindow, request_fingerprint: { is: "true" } }, optional: tombstones },
    2: { required: { ...dedupeWindow, fingerprint_versions: { is: "fingerprint_names" } }, optional: tombstones },
  },
  concurrent_connection_policy: {
    1: {
      required: {},
      optional: {
        default_policy: {
          is: "one_of",
          values: concurrencyPolicies,
          otherwise: defaultConcurrencyPolicy,
        },
      },
    },
  },
  member_keypair_rotated_event: { 1: nothing },
  key_epoch: { 1: { required: { max_concurrent_epochs: { is: "integer", least: 1 } }, optional: {} } },
  max_payload: {
    1: {
      required: { inline_bytes: { is: "integer", least: 1_024 }, blob_bytes: { is: "integer", least: 1_024 } },
      optional: {},
    },
  },
};

/** null: nothing of that name and version is known here, also for names that every object has. */
export function featureSchema(name: string, version: number): FeatureSchema | null {
  return Object.hasOwn(featureSchemas, name) ? (featureSchemas[name]?.[version] ?? null) : null;
}

/** What is wrong with a required parameter, in words, or null. */
export function requiredProblem(schema: FeatureSchema, params: Readonly<Record<string, unknown>>): string | null {
  for (const [name, rule] of Object.entries(schema.required)) {
    if (rule.where !== undefined && params[rule.where.parameter] !== rule.where.value) continue;
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (!satisfies(rule, value)) return `${name} must be ${wanted(rule)}, and is ${shown(value)}`;
  }
  return null;
}

/** Names of the optional parameters that are there and are not what they may be. */
export function invalidOptional(schema: FeatureSchema, params: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(schema.optional)
    .filter(([name, rule]) => Object.hasOwn(params, name) && !satisfies(rule, params[name]))
    .map(([name]) => name);
}

/** What is wrong with parameters that this side is about to announce, or null: there an optional one has to be right as well. */
export function announcementProblem(
  name: string,
  version: number,
  params: Readonly<Record<string, unknown>>,
): string | null {
  const schema = featureSchema(name, version);
  if (schema === null) return `${name} has no version ${version}`;
  const problem = requiredProblem(schema, params);
  if (problem !== null) return `${name}: ${problem}`;
  for (const parameter of invalidOptional(schema, params)) {
    const rule = schema.optional[parameter];
    if (rule !== undefined) return `${name}: ${parameter} must be ${wanted(rule)}, and is ${shown(params[parameter])}`;
  }
  return withinBounds(params, 1) ? null : `${name}: its parameters are too many, too long or too deep`;
}

/** Whether lists, objects and texts in a value are no longer, and the value no deeper, than what a peer is taken to mean. */
export function withinBounds(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.length <= limits.featureTextCharsMax;
  if (typeof value !== "object" || value === null) return true;
  if (depth > limits.featureDepthMax) return false;
  const members: [string, unknown][] = Array.isArray(value)
    ? value.map((item): [string, unknown] => ["", item])
    : Object.entries(value);
  return (
    members.length <= limits.featureItemsMax &&
    members.every(([name, item]) => name.length <= limits.featureTextCharsMax && withinBounds(item, depth + 1))
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function satisfies(rule: ParameterRule, value: unknown): boolean {
  switch (rule.is) {
    case "integer":
      return Number.isSafeInteger(value) && Number(value) >= rule.least;
    case "one_of":
      return typeof value === "string" && rule.values.includes(value);
    case "true":
      return value === true;
    case "fingerprint_names": {
      if (!Array.isArray(value) || !value.every((name) => typeof name === "string")) return false;
      const known = new Set(fingerprintVersions.values());
      return value.some((name) => known.has(name));
    }
  }
}

/** In words, as an error message goes on with them. */
function wanted(rule: ParameterRule): string {
  switch (rule.is) {
    case "integer":
      return `an integer of at least ${rule.least}`;
    case "one_of":
      return `one of ${rule.values.join(", ")}`;
    case "true":
      return "true";
    case "fingerprint_names":
      return `a list of names with one of ${[...fingerprintVersions.values()].join(", ")}`;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return isRecord(value) ? "an object" : String(value);
}
