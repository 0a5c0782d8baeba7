import type { CloseKind } from "../protocol/close-codes.ts";

/** Why a daemon ends by itself. `kind` is an error code or a close kind; the process exits with the code it has for it. */
export interface DaemonEnd {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** What else its last words are to tell programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An end of the link that reconnecting cannot mend. */
export interface FatalLinkEnd {
  readonly kind: CloseKind | "outbox_max_age_above_dedupe_window";
  readonly message: string;
  readonly feature: string | null;
  readonly detail: string | null;
}

export function linkEnd({ kind, message, feature, detail }: FatalLinkEnd): DaemonEnd {
  return {
    kind,
    message,
    hint: hints[kind],
    details: { ...(feature === null ? {} : { feature }), ...(detail === null ? {} : { detail }) },
  };
}

/** What helps when the link has ended for good, by kind. */
const hints: Readonly<Record<string, string>> = {
  auth_failed:
    "if the broker lost this member, join again with a new invite, which keeps name and keys: claudemesh join LINK; else check broker_url in mesh.json",
  replaced_by_newer_connection:
    "another daemon uses this member's keys: stop it, or give this home a member of its own",
  member_already_connected: "another daemon uses this member's keys: stop it, or give this home a member of its own",
  member_revoked: "claudemesh up shows what was received; for more, ask an admin of the mesh",
  feature_unavailable: "upgrade the broker, or take the feature out of [features] require in config.toml",
  feature_param_invalid: "upgrade the older of broker and daemon",
  feature_param_below_floor: "the broker's operator has to keep dedupe records for three days or more",
  outbox_max_age_above_dedupe_window: "lower [outbox] max_age_hours_override in config.toml",
};
