import { defaultBackoff, fullJitter } from "../../base/backoff.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { LogBreak, SendAnswer, VoidAnswer } from "../../protocol/frames.ts";
import type { ClaimedRow, Readiness } from "../parts.ts";
import { carriedOf } from "./carried.ts";
import { askAgain, committedBefore, isCommitted, sentFingerprint, tellMismatches } from "./committed-before.ts";
import { isConflict, type NextState, nextState, toldRecord } from "./next-state.ts";
import type { OutboxCore } from "./outbox.ts";
import type { OutboxRow } from "./row.ts";

/** Rows of one destination claimed in one turn, so that a busy one does not keep others from the link. */
const claimPerDestinationMax = 64;
const doomedMax = 256;
const neverAttemptedMaxHours = 720;
const hourMs = 3_600_000;
const brokenEpochFact = "epoch_reopened";

/**
 * Moves due rows to inflight, in order per destination, their envelopes frozen on disk before they go on the wire. A
 * destination that nothing can be sealed to now, or whose next row waits for its files, waits; that row says why, and it holds up no other.
 */
export function claimDue(core: OutboxCore, now: number, limit: number): ClaimedRow[] {
  const ready = core.order.ready(now);
  if (ready.length === 0) return [];
  const turn: ClaimTurn = { claimed: [], ended: [], takenOf: [], keyless: [] };
  core.transaction(() => {
    for (const destination of ready) {
      if (turn.claimed.length >= limit) break;
      claimOf(core, destination, Math.min(claimPerDestinationMax, limit - turn.claimed.length), now, turn);
    }
  });
  for (const { destination, taken, isLast } of turn.takenOf) {
    core.order.claimed(destination, taken);
    if (isLast) core.order.empty(destination);
  }
  for (const destination of turn.keyless) core.order.keyless(destination);
  core.teller.tell(turn.ended);
  return turn.claimed;
}

/** What one claim came to; the order of destinations follows once it is on disk. */
interface ClaimTurn {
  readonly claimed: ClaimedRow[];
  /** Rows that died, since nothing can ever be sealed to their destination. */
  readonly ended: number[];
  readonly takenOf: { readonly destination: string; readonly taken: number; readonly isLast: boolean }[];
  readonly keyless: string[];
}

function claimOf(core: OutboxCore, destination: string, wanted: number, now: number, turn: ClaimTurn): void {
  const rows = core.queries.pendingOf(destination, wanted);
  if (rows.length === 0) return core.order.empty(destination);
  let readiness: Readiness | null = null;
  let taken = 0;
  let passed = 0;
  for (const row of rows) {
    // Order: nothing behind a row that is not due, or that waits to be voided.
    if (row.doom !== null || row.next_attempt_at > now) {
      if (taken === 0)
        core.order.waitUntil(destination, row.doom === null ? row.next_attempt_at : now + defaultBackoff.baseMs);
      break;
    }
    // A row on the wire before keeps its bytes; one that never was is sealed anew, since keys and versions may have changed.
    let envelope = row.transmitted === 1 && row.envelope !== null ? (JSON.parse(row.envelope) as Envelope) : null;
    if (envelope === null) {
      readiness ??= core.options.readyFor({ kind: row.destination_kind, ref: row.destination_ref });
      const able = readiness.ready ? filesReady(core, row) : readiness;
      if (!able.ready) {
        const error = JSON.stringify(able.reason);
        if (!able.forGood) {
          if (row.last_error !== error) core.queries.lastError(row.id, error);
          turn.keyless.push(destination);
          break;
        }
        core.queries.dead(row.id, error, null, now);
        core.moved("pending", "dead");
        turn.ended.push(row.id);
        passed += 1;
        continue;
      }
      envelope = core.options.seal(row, row.body ?? new Uint8Array());
    }
    core.queries.claim(row.id, JSON.stringify(envelope), now);
    core.moved("pending", "inflight");
    turn.claimed.push({ outboxId: row.id, envelope });
    taken += 1;
    passed += 1;
  }
  if (taken > 0) turn.takenOf.push({ destination, taken, isLast: passed === rows.length && passed < wanted });
}

/** Its files are at the broker before the message that names them. */
function filesReady({ options }: OutboxCore, row: OutboxRow): Readiness {
  if (row.attachments === "" || options.filesReady === undefined) return { ready: true };
  return options.filesReady(carriedOf(row).map(({ file_id }) => file_id));
}

/**
 * A new link stands: nothing is on it. Rows that could not be put back when the last one ended, since the disk was full
 * then, go back now; what became of them is unknown.
 */
export function linkOpened(core: OutboxCore): void {
  const stranded = core.transaction(() => core.queries.resetInflight());
  for (let row = 0; row < stranded; row += 1) core.moved("inflight", "pending");
  core.order.reset();
  for (const { destination } of core.queries.destinations()) core.order.add(destination);
}

/** Applies the broker's answers in one commit, then tells of the stages that became true. */
export function settle(
  core: OutboxCore,
  answers: readonly { outboxId: number; answer: SendAnswer }[],
  now: number,
): { doomed: number } {
  const told: number[] = [];
  let doomed = 0;
  core.transaction(() => {
    for (const { outboxId, answer } of answers) {
      const row = core.queries.row(outboxId);
      if (row === null || row.status !== "inflight") {
        if (row !== null) settleLate(core, row, answer, now);
        continue;
      }
      if (applyAnswer(core, row, answer, now) === "doomed") doomed += 1;
      told.push(outboxId);
    }
  });
  tellMismatches(core, told);
  core.teller.tell(told);
  core.work();
  return { doomed };
}

function applyAnswer(core: OutboxCore, row: OutboxRow, answer: SendAnswer, now: number): NextState["kind"] {
  const earlierUnanswered = row.unanswered === 2;
  const again = isConflict(answer) ? committedBefore(core, row, answer) : null;
  if (again !== null) core.queries.refreeze(row.id, JSON.stringify(again));
  const next = again === null ? nextState(answer, earlierUnanswered) : askAgain;
  switch (next.kind) {
    case "done":
      if ("position" in answer && answer.position !== null) core.queries.notePosition(answer.position, now);
      core.queries.done(row.id, next, now);
      core.moved("inflight", "done");
      core.order.settled(row.destination, null);
      return next.kind;
    case "dead": {
      const error = isConflict(answer) ? { ...next.error, ...sentFingerprint(row) } : next.error;
      core.queries.dead(row.id, JSON.stringify(error), error.broker_message_id ?? null, now);
      core.moved("inflight", "dead");
      core.order.settled(row.destination, null);
      return next.kind;
    }
    case "doomed":
      core.queries.doom(row.id, JSON.stringify(next.error), 1);
      core.moved("inflight", "pending");
      core.order.settled(row.destination, now);
      return next.kind;
    case "retry": {
      const behind = next.afterMs === 0;
      const wait = next.afterMs ?? backOffMs(core, row.destination);
      core.queries.retry(row.id, {
        attempts: next.countsAsAttempt ? 1 : 0,
        nextAttemptAt: behind ? 0 : now + wait,
        lastError: JSON.stringify(next.error),
        unanswered: next.outcomeUnknown ? row.unanswered : earlierUnanswered ? 1 : 0,
      });
      core.moved("inflight", "pending");
      core.order.settled(row.destination, now + wait);
      return next.kind;
    }
  }
}

/** 0 for the rows behind the one whose refusal holds their destination back. */
function backOffMs({ order, options }: OutboxCore, destination: string): number {
  const failures = order.failed(destination);
  return failures === null ? 0 : fullJitter(failures, defaultBackoff, options.random);
}

/** An answer to a row that was dropped or voided meanwhile: a commit is never hidden. */
function settleLate(core: OutboxCore, row: OutboxRow, answer: SendAnswer, now: number): void {
  if (answer.status !== 201 && answer.status !== 200) return;
  if (row.status === "done" || !("history_id" in answer)) return;
  core.queries.done(
    row.id,
    {
      broker_message_id: answer.broker_message_id,
      history_id: answer.history_id,
      epoch: answer.position?.epoch ?? null,
    },
    now,
  );
  core.moved(row.status, "done");
}

/** The link is gone, or an answer did not come in time: these go out again as they are; what became of them is unknown. */
export function release(core: OutboxCore, outboxIds: readonly number[], reason: string, now: number): void {
  core.transaction(() => {
    for (const outboxId of outboxIds) {
      const row = core.queries.row(outboxId);
      if (row === null || row.status !== "inflight") continue;
      core.queries.retry(row.id, {
        attempts: 1,
        nextAttemptAt: 0,
        lastError: JSON.stringify({ code: "broker_unreachable", message: reason }),
        unanswered: row.unanswered,
      });
      core.moved("inflight", "pending");
      core.order.settled(row.destination, now);
    }
  });
  core.work();
}

/**
 * Rows past their age. One whose bytes were never on the wire expires at once. For the others the id is voided first,
 * also when every attempt was answered, since the broker holds back what comes after a row that it refused for now:
 * they are marked and returned, with the ones marked earlier.
 */
export function expireDue(core: OutboxCore, now: number, maxAgeHours: number): { outboxId: number; wireId: string }[] {
  const error = JSON.stringify({
    code: "expired",
    message: `not accepted within ${maxAgeHours} hours of the first attempt`,
  });
  const told: number[] = [];
  const toVoid = core.transaction(() => {
    const old = core.queries.overAge(now - neverAttemptedMaxHours * hourMs, now - maxAgeHours * hourMs, doomedMax);
    for (const row of old) {
      if (row.transmitted === 1) {
        core.queries.doom(row.id, error, row.unanswered);
      } else {
        core.queries.dead(row.id, error, null, now);
        core.moved("pending", "dead");
        told.push(row.id);
      }
    }
    return core.queries.doomed(doomedMax).map((row) => ({ outboxId: row.id, wireId: core.wireIdOf(row) }));
  });
  core.teller.tell(told);
  return toVoid;
}

/** Void ids die of their doom; committed ones are done after all. */
export function settleVoid(core: OutboxCore, answers: readonly VoidAnswer[], now: number): void {
  const told: number[] = [];
  core.transaction(() => {
    for (const answer of answers) {
      const row = core.rowOfWireId(answer.client_message_id);
      if (row === null || row.status === "done" || row.status === "dead" || row.status === "aborted") continue;
      if (answer.status === "committed") {
        settleCommitted(core, row, answer, now);
      } else if (row.doom !== null) {
        core.queries.dead(row.id, row.doom, null, now);
        core.moved(row.status, "dead");
      }
      if (row.status === "inflight") core.order.settled(row.destination, null);
      told.push(row.id);
    }
  });
  tellMismatches(core, told);
  core.teller.tell(told);
  core.work();
}

/** The broker has a record of the id. With our bytes the row is done; with other bytes it says exactly that. */
export function settleCommitted(
  core: OutboxCore,
  row: OutboxRow,
  answer: Extract<VoidAnswer, { status: "committed" }>,
  now: number,
): "done" | "dead" {
  const { record } = answer;
  if (isCommitted(core, row, record)) {
    core.queries.done(
      row.id,
      { broker_message_id: record.broker_message_id, history_id: record.history_id, epoch: null },
      now,
    );
    core.moved(row.status, "done");
    return "done";
  }
  const error = {
    code: "id_committed_differently",
    message: "the broker accepted this id earlier with other bytes",
    broker_message_id: record.broker_message_id,
    ...toldRecord({
      broker_fingerprint_prefix: record.request_fingerprint.slice(0, 16),
      broker_fingerprint_version: record.fingerprint_version,
    }),
    ...sentFingerprint(row),
  };
  core.queries.dead(row.id, JSON.stringify(error), record.broker_message_id, now);
  core.moved(row.status, "dead");
  return "dead";
}

/** The broker's log lost what lay above a prefix: what was done there is sent again, byte for byte. Each break counts once. */
export function reopenAfterBreak(core: OutboxCore, breaks: readonly LogBreak[], now: number): number {
  const handled = Number(core.queries.fact(brokenEpochFact) ?? 0);
  const fresh = breaks.filter((found) => found.epoch > handled);
  if (fresh.length === 0) return 0;
  const reopened = core.transaction(() => {
    let rows = 0;
    for (const found of fresh) rows += core.queries.reopen(found.epoch, found.prefix, now);
    // What an earlier version had sent unsealed is not sent so again.
    core.queries.doomUnsealed();
    core.queries.setFact(brokenEpochFact, String(Math.max(...fresh.map((found) => found.epoch))));
    return rows;
  });
  for (const { destination } of core.queries.destinations()) core.order.waitUntil(destination, now);
  core.work();
  return reopened;
}
