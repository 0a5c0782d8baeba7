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
}

type Facts = Pick<Inbox, "fact" | "setFact">;

const holdFact = "link_hold_off";
const firstPauseMs = 5_000;
const pauseMaxMs = 600_000;

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
  const ends = (readHoldOff(facts)?.ends ?? 0) + 1;
  const pauseMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** Math.min(ends - 1, 20));
  await write(facts, { kind: end.kind, reason: end.reason, until: now + pauseMs, ends });
}

/** The link stands: what went before says nothing any more. */
export async function endHoldOff(facts: Facts): Promise<void> {
  if (readHoldOff(facts) !== null) await facts.setFact(holdFact, "null");
}

/** How long a start still has to wait. A clock that was set back makes no wait after an end longer than the longest there is. */
export function heldMs({ until, ends }: HoldOff, now: number): number {
  return Math.max(0, Math.min(until - now, ends === 0 ? Number.POSITIVE_INFINITY : pauseMaxMs));
}

async function write(facts: Facts, hold: HoldOff): Promise<void> {
  await facts.setFact(holdFact, JSON.stringify(hold));
}
