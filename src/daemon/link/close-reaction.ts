import { type CloseKind, closeCodes } from "../../protocol/close-codes.ts";
import { readCloseFrame, readCloseReason } from "../../protocol/close-reason.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { parseBrokerFrame } from "../../protocol/frame-check.ts";
import type { ErrorFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import { fatalCloseKinds } from "../daemon-end.ts";
import { closedKind } from "./link-error-kind.ts";

/** What the daemon does about a close, by wire.md §3. `fatal`: it ends with that kind's exit code. */
export interface CloseReaction {
  readonly code: number;
  /** The kind, and what was said of it. */
  readonly reason: string;
  /** null: a code that is not of this protocol. */
  readonly kind: CloseKind | null;
  readonly fatal: (typeof fatalCloseKinds)[number] | null;
  readonly feature: string | null;
  readonly detail: string | null;
  /** The other daemon's, where it is told: of a link that another one took over. */
  readonly otherInstanceId: string | null;
  /** Not to be dialled before this many milliseconds have passed. */
  readonly notBeforeMs: number;
}

const kickedDefaultMs = 60_000;
const instanceIdCharsMax = 100;

/**
 * `told`: the error frame that went before, or null. It has more room than a reason, so its words are preferred where it speaks of the same
 * kind; what is done depends on the code alone.
 */
export function reactionTo(code: number, reason: string, told: ErrorFrame | null, now: number): CloseReaction {
  const kind = (Object.keys(closeCodes) as CloseKind[]).find((known) => closeCodes[known] === code) ?? null;
  const words = readCloseReason(reason);
  const said = readCloseFrame(told, kind);
  const { feature, detail } = said ?? words;
  const facts = said !== null && isRecord(told?.details) ? told.details : {};
  const what = kind === null ? [detail ?? words.kind] : [feature, detail];
  const other = facts["other_instance_id"];
  return {
    code,
    reason: [kind ?? `closed (${code})`, ...what.filter((word) => word !== null && word !== "")].join(": "),
    kind,
    fatal: fatalCloseKinds.find((fatal) => fatal === kind) ?? null,
    feature,
    detail,
    otherInstanceId: typeof other === "string" ? other.slice(0, instanceIdCharsMax) : null,
    notBeforeMs: kind === "kicked" ? kickedFor([facts["until"], reason], now) : 0,
  };
}

/** A link that was closed while it opened. */
export class LinkClosed extends ClaudemeshError {
  readonly reaction: CloseReaction;
  constructor(reaction: CloseReaction, hint?: string) {
    super(reaction.fatal === null ? "broker_unreachable" : "protocol_error", reaction.reason, {
      details: { link_error: closedKind(reaction.kind) },
      ...(hint === undefined ? {} : { hint }),
    });
    this.reaction = reaction;
  }
}

/** The error frame of a close, if this is one. */
export function farewellIn(text: string): ErrorFrame | null {
  try {
    const frame = parseBrokerFrame(text);
    return frame.type === "error" && frame.closes ? frame : null;
  } catch {
    return null;
  }
}

/** A kick names the time it lasts to, RFC 3339: in the frame's details, and in the reason's words. */
function kickedFor(told: readonly unknown[], now: number): number {
  for (const text of told) {
    if (typeof text !== "string") continue;
    const until = Date.parse(/\d{4}-\d{2}-\d{2}T[0-9:.]+Z/.exec(text)?.[0] ?? "");
    if (!Number.isNaN(until)) return Math.min(Math.max(0, until - now), limits.kickMsMax);
  }
  return kickedDefaultMs;
}
