import type { LinkErrorKind } from "../../protocol/link-error-kinds.ts";
import type { Inbox } from "../parts.ts";

/**
 * What an end of the link asks of later starts of the daemon. It is kept on disk: a process that is started again and again by whoever
 * supervises it dials ever more rarely, and a member that was sent away for a time stays away in a restart too.
 */
export interface HoldOff {
  readonly kind: LinkErrorKind;
  readonly reason: string;
  /** Epoch milliseconds: not dialled before. */
  readonly until: number;
  /** Ends for good in a row, by which the daemon ended; 0: it was sent away and goes on. */
  readonly ends: number;
  /** Since when, after an end by another daemon with these keys, the link stands again. */
  readonly stands_since?: number;
}

type Facts = Pick<Inbox, "fact" | "setFact">;

const holdFact = "link_hold_off";
const firstPauseMs = 5_000;
const pauseMaxMs = 600_000;
/** A link that has stood for so long is no part of a quarrel over it any more. */
const settledMs = 3_600_000;
/** Ends by another daemon with these keys: it may come back and take the link over again, also of a link that stands. */
const quarrels: readonly LinkErrorKind[] = ["replaced_by_newer_connection", "member_already_connected"];

export function readHoldOff(facts: Facts): HoldOff | null {
  const kept = facts.fact(holdFact);
  return kept === null ? null : (JSON.parse(kept) as HoldOff | null);
}

/** Sent away until a time. */
export async function holdUntil(facts: Facts, end: Pick<HoldOff, "kind" | "reason" | "until">): Promise<void> {
  const { kind, reason, until } = end;
  await write(facts, { kind, reason, until, ends: 0 });
}

/** The daemon ends: twice as long as after the end before. */
export async function holdAfterEnd(facts: Facts, end: Pick<HoldOff, "kind" | "reason">, now: number): Promise<void> {
  const before = readHoldOff(facts);
  const settled = before?.stands_since !== undefined && now - before.stands_since >= settledMs;
  const ends = (settled ? 0 : (before?.ends ?? 0)) + 1;
  const pauseMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** Math.min(ends - 1, 20));
  await write(facts, { kind: end.kind, reason: end.reason, until: now + pauseMs, ends });
}

/**
 * The link stands, and is not waited for any more. What went before says nothing any more either, but for another daemon with these keys: two
 * that are started again and again would take the link from each other for ever, each as soon as it has it.
 */
export async function endHoldOff(facts: Facts, now: number): Promise<void> {
  const before = readHoldOff(facts);
  if (before === null) return;
  const isQuarrel = before.ends > 0 && quarrels.includes(before.kind);
  if (isQuarrel) await write(facts, { ...before, until: 0, stands_since: now });
  else await facts.setFact(holdFact, "null");
}

/** How long a start still has to wait. A clock that was set back makes no wait after an end longer than the longest there is. */
export function heldMs({ until, ends }: HoldOff, now: number): number {
  return Math.max(0, Math.min(until - now, ends === 0 ? Number.POSITIVE_INFINITY : pauseMaxMs));
}

async function write(facts: Facts, hold: HoldOff): Promise<void> {
  await facts.setFact(holdFact, JSON.stringify(hold));
}
