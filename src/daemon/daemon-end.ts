import type { CloseKind } from "../protocol/close-codes.ts";

/** Why a daemon ends by itself. `kind` is an error code or a close kind; the process exits with the code it has for it. */
export interface DaemonEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** What else its last words are to tell programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Closes that the same daemon would only meet again. */
export const fatalCloseKinds = [
  "auth_failed",
  "replaced_by_newer_connection",
  "member_already_connected",
  "member_revoked",
  "feature_unavailable",
  "feature_param_invalid",
  "feature_param_below_floor",
] as const satisfies readonly CloseKind[];
type FatalCloseKind = (typeof fatalCloseKinds)[number];

/** An end of the link that reconnecting cannot mend. */
export interface FatalLinkEnd {
  readonly kind: FatalCloseKind | "outbox_max_age_above_dedupe_window";
  readonly message: string;
  readonly feature: string | null;
  readonly detail: string | null;
  /** Where something else helps than with others of the kind. */
  readonly hint?: string | undefined;
  /** Of this start of the daemon. */
  readonly instanceId?: string;
  /** Of the other daemon with these keys, where the link ended for it and the broker has told. */
  readonly otherInstanceId?: string | null;
}

export function linkEnd(end: FatalLinkEnd): DaemonEnd {
  const { kind, message, feature, detail, hint, instanceId, otherInstanceId } = end;
  const isTaken = kind === "replaced_by_newer_connection" || kind === "member_already_connected";
  const instances = { instance_id: instanceId, other_instance_id: otherInstanceId ?? null };
  return {
    kind,
    message,
    hint: hint ?? linkEndHints[kind],
    details: {
      ...(feature === null ? {} : { feature }),
      ...(detail === null ? {} : { detail }),
      ...(isTaken ? instances : {}),
    },
  };
}

const otherDaemon =
  "another daemon uses this member's keys: stop it where it runs, claudemesh daemon down, then here claudemesh daemon up; or give this home a member of its own: claudemesh remint";

/** What helps when the link has ended for good, by kind: whoever runs the broker, and whoever runs this daemon. */
export const linkEndHints: Readonly<Record<FatalLinkEnd["kind"], string>> = {
  auth_failed:
    "if the broker lost this member, join again with a new invite, which keeps name and keys: claudemesh join LINK; else check broker_url in mesh.json",
  replaced_by_newer_connection: otherDaemon,
  member_already_connected: `${otherDaemon}; by which of two the mesh goes: claudemesh mesh concurrency`,
  member_revoked: "claudemesh up shows what was received; for more, ask an admin of the mesh",
  feature_unavailable:
    "whoever runs the broker upgrades it; if [features] require in config.toml asks for it, it can be taken out here: claudemesh config unset features.require; then claudemesh daemon up",
  feature_param_invalid:
    "upgrade the older of the two: claudemesh version here, claudemesh --version on the broker's host; then claudemesh daemon up",
  feature_param_below_floor:
    "whoever runs the broker keeps dedupe records for longer: claudemesh config set --broker retention.dedupe_days 365, then claudemesh broker restart; then here claudemesh daemon up, and what is queued goes out",
  outbox_max_age_above_dedupe_window:
    "lower it: claudemesh config unset outbox.max_age_hours_override; then claudemesh daemon up",
};
