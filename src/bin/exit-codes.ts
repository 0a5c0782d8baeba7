/**
 * Exit codes of the daemon's and the broker's process. One per reason, so that whoever supervises them can tell what
 * helps: 0 needs nothing, 1 may be started again, everything from 10 on needs a person first and must not be looped.
 */
export const exitCodes = {
  /** Asked to stop, and did. */
  ok: 0,
  /** A bug or an unexpected failure of the system. */
  unexpected: 1,
  /** The command line was wrong. */
  usage: 2,
  /** Another process runs on this directory. */
  already_running: 10,
  /** A file of the directory is wrong, missing, or readable by others. */
  invalid_config: 11,
  /** `[outbox] max_age_hours_override` is above what the broker remembers. */
  outbox_max_age_above_dedupe_window: 12,
  /** The directory was written by a newer program. */
  schema_newer: 13,
  /** A database is damaged. */
  store_corrupt: 14,
  /** The disk failed in the middle of a commit. May be started again: what was committed is found then. */
  store_failed: 15,
  /** The folder belongs to another host, and `[clone] policy` refuses that. */
  host_fingerprint_mismatch: 16,
  /** An ephemeral daemon ended while it held messages that the broker had not taken: they are lost with it. */
  messages_unsent: 17,
  /** The supervisor of a home's daemons: each of them ended in a way that another start would not mend. */
  needs_person: 18,
  /** The broker does not know this member or its key. */
  auth_failed: 20,
  /** Another daemon uses this identity and took the link over. */
  replaced_by_newer_connection: 21,
  /** Another daemon uses this identity and keeps the link. */
  member_already_connected: 22,
  /** This member's membership was ended. */
  member_revoked: 23,
  /** The broker lacks a feature that this daemon requires. */
  feature_unavailable: 30,
  /** The broker announced a feature with a version or parameter that this daemon does not accept. */
  feature_param_invalid: 31,
  /** The broker remembers ids for less time than this daemon demands. */
  feature_param_below_floor: 32,
} as const;

/** The code for an error that ended a process, or kept it from starting. `kind` is an error code or a close kind. */
export function exitCodeOf(kind: string): number {
  if (kind === "outcome_unknown" || kind === "store_unavailable") return exitCodes.store_failed;
  return Object.hasOwn(exitCodes, kind) ? exitCodes[kind as keyof typeof exitCodes] : exitCodes.unexpected;
}

/**
 * Whether another start would end in the same way, so that whoever supervises must leave the process alone: the one source
 * of what service files say, and of what `daemon run --all` starts again.
 */
export function needsPerson(code: number): boolean {
  return code === exitCodes.usage || (code >= settledFrom && code !== exitCodes.store_failed);
}

const settledFrom = 10;

/** The first code of an end that the link brought: the process runs well, and the broker will not have it as it is. */
const linkEndsFrom = 20;

export function isLinkEnd(code: number): boolean {
  return code >= linkEndsFrom;
}

/** The reason in words, for people; an unknown code is that of an unexpected end. */
export function exitReason(code: number): string {
  const name = Object.entries(exitCodes).find(([, known]) => known === code)?.[0] ?? "unexpected";
  return name.replaceAll("_", " ");
}
