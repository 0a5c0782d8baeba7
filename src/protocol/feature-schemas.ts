import { fingerprintVersions } from "./fingerprint.ts";

/** Says what is wrong with the parameters, or null. Unknown extra parameters are allowed. */
export type ParamCheck = (params: Readonly<Record<string, unknown>>) => string | null;

/** One schema per feature and version, shared by both sides (wire.md §2). */
export const featureSchemas: Readonly<Record<string, Readonly<Record<number, ParamCheck>>>> = {
  client_message_id_dedupe: {
    1: (params) =>
      dedupeWindow(params) ?? (params["request_fingerprint"] === true ? null : "request_fingerprint must be true"),
    2: (params) => dedupeWindow(params) ?? fingerprintNames(params["fingerprint_versions"]),
  },
  concurrent_connection_policy: { 1: () => null },
  member_keypair_rotated_event: { 1: () => null },
  key_epoch: { 1: (params) => atLeast(params, "max_concurrent_epochs", 1) },
  max_payload: { 1: (params) => atLeast(params, "inline_bytes", 1_024) ?? atLeast(params, "blob_bytes", 1_024) },
};

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function dedupeWindow(params: Readonly<Record<string, unknown>>): string | null {
  if (params["mode"] === "permanent") return null;
  if (params["mode"] !== "retention_scoped") return "mode must be retention_scoped or permanent";
  return atLeast(params, "dedupe_retention_days", 1);
}

function fingerprintNames(value: unknown): string | null {
  if (!Array.isArray(value) || value.length === 0) return "fingerprint_versions must be a non-empty list";
  const known = new Set(fingerprintVersions.values());
  return value.some((name) => typeof name === "string" && known.has(name))
    ? null
    : "fingerprint_versions has none that is known here";
}

function atLeast(params: Readonly<Record<string, unknown>>, name: string, least: number): string | null {
  const value = params[name];
  return Number.isSafeInteger(value) && Number(value) >= least
    ? null
    : `${name} must be an integer of at least ${least}`;
}
