import { type CloseKind, closeCodes } from "../../protocol/close-codes.ts";

/** What the daemon does about a close, by wire.md §3. `fatal`: it ends with that kind's exit code. */
export interface CloseReaction {
  readonly reason: string;
  /** null: a code that is not of this protocol. */
  readonly kind: CloseKind | null;
  readonly fatal: CloseKind | null;
  /** Not to be dialled before this many milliseconds have passed. */
  readonly notBeforeMs: number;
}

const fatalKinds: readonly CloseKind[] = [
  "auth_failed",
  "replaced_by_newer_connection",
  "member_already_connected",
  "member_revoked",
  "feature_unavailable",
  "feature_param_invalid",
  "feature_param_below_floor",
];
const kickedDefaultMs = 60_000;

export function reactionTo(code: number, reason: string, now: number): CloseReaction {
  const kind = (Object.keys(closeCodes) as CloseKind[]).find((known) => closeCodes[known] === code) ?? null;
  const text = `${kind ?? `closed (${code})`}${reason === "" ? "" : `: ${reason}`}`;
  if (kind === "kicked") return { reason: text, kind, fatal: null, notBeforeMs: kickedFor(reason, now) };
  return { reason: text, kind, fatal: fatalKinds.find((fatal) => fatal === kind) ?? null, notBeforeMs: 0 };
}

/** A kick names the time it lasts to, RFC 3339, in its reason's JSON. */
function kickedFor(reason: string, now: number): number {
  const until = Date.parse(/\d{4}-\d{2}-\d{2}T[0-9:.]+Z/.exec(reason)?.[0] ?? "");
  return Number.isNaN(until) ? kickedDefaultMs : Math.max(0, until - now);
}
