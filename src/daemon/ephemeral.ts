import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import type { DaemonEnd } from "./daemon-end.ts";
import type { Keypair } from "./identity/keypair.ts";
import { ownEnd } from "./membership/own-standing.ts";
import type { Link, Membership, Outbox } from "./parts.ts";

/** A member whose keys, messages and topic keys are in the memory of one process, and end with it. */
export interface EphemeralMember {
  readonly keypair: Keypair;
  /** As it was verified when the mesh was joined. */
  readonly chain: readonly MembershipEntry[];
  /** The daemon ends by itself after so long; null: when it is told to. */
  readonly ttlMs: number | null;
}

/** What a message may take of memory before sends are refused, however much disk the settings allow. */
export const ephemeralOutboxBytesMax = 256_000_000;

/** Ids that the last words name; more are counted alone. */
const idsNamedMax = 100;
const lookMs = 25;
/** For the broker to take the entry by which a member leaves. */
const leaveMs = 5_000;

export interface EndingParts {
  readonly outbox: Pick<Outbox, "counts" | "list">;
  readonly link: Pick<Link, "state">;
  readonly membership: Pick<Membership, "append" | "state">;
  readonly memberId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for messages to reach the broker. */
  readonly drainMs: number;
  /** The link has ended for good meanwhile: nothing can be sent any more. */
  hasFailed(): boolean;
}

/**
 * The end of an ephemeral member, in this order: what it still holds goes to the broker, within a bounded time; it leaves the
 * mesh. Sends are refused already. Resolves with why it did not end well; null: nothing is lost with it.
 */
export async function endMember(parts: EndingParts): Promise<DaemonEnd | null> {
  const { log } = parts;
  const until = parts.clock.now() + parts.drainMs;
  while (unsentCount(parts.outbox) > 0 && parts.clock.now() < until && !parts.hasFailed()) await look(parts.clock);
  const end = unsentEnd(parts.outbox);
  await leave(parts);
  if (end === null) log.info({}, "everything that was sent is the broker's");
  return end;
}

/** What the broker had not taken, in words; null: nothing. */
export function unsentEnd(outbox: EndingParts["outbox"]): DaemonEnd | null {
  const count = unsentCount(outbox);
  if (count === 0) return null;
  const { items } = outbox.list({ states: ["pending", "inflight"], cursor: null, limit: idsNamedMax });
  const ids = items.map(({ client_message_id }) => client_message_id);
  const more = count > ids.length ? `, and ${count - ids.length} more` : "";
  return {
    kind: "messages_unsent",
    message: `the broker had not taken ${count === 1 ? "1 message" : `${count} messages`}, and this member's outbox was in memory alone: ${ids.join(", ")}${more}`,
    hint: "send them again; where the broker may be away for longer: claudemesh up --persistent",
    details: { unsent: count, ids },
  };
}

function unsentCount(outbox: Pick<Outbox, "counts">): number {
  const { pending, inflight } = outbox.counts();
  return pending + inflight;
}

/** Without a link the broker forgets the member by itself, some minutes after it was last there. */
async function leave(parts: EndingParts): Promise<void> {
  const { membership, clock, log } = parts;
  if (ownEnd(membership, parts.memberId) !== null) return;
  if (parts.link.state().state !== "connected")
    return log.warn(
      {},
      "the broker is not reached, so this member could not leave; the broker forgets it in some minutes",
    );
  const late = Promise.withResolvers<null>();
  const timer = clock.after(leaveMs, () => late.resolve(null));
  try {
    const left = await Promise.race([membership.append((_, through) => ({ kind: "leave", through })), late.promise]);
    if (left === null) log.warn({}, "the broker did not answer in time whether this member has left");
    else log.info({ n: left.n }, "this member has left the mesh");
  } catch (thrown) {
    const { code, message } = ClaudemeshError.from(thrown);
    log.warn({ code }, `this member could not leave: ${message}`);
  } finally {
    timer.cancel();
  }
}

function look(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(lookMs, resolve));
}
