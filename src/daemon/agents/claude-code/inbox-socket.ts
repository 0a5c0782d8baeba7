import { dirname } from "node:path";
import { fullJitter } from "../../../base/backoff.ts";
import type { Clock, Timer } from "../../../base/clock.ts";
import { createInTurn, type InTurn } from "../../../base/in-turn.ts";
import { pidOf } from "../../../base/process-print.ts";
import { isStopped, processStat } from "../../../base/process-stat.ts";
import { claudeCode } from "../../../protocol/claude-code/assumptions.ts";
import { authLine, messageLine, type StatusLine } from "../../../protocol/claude-code/peer-message.ts";
import type { LiveSession } from "../agents.ts";
import type { OfferTold, PutIn, PutOutcome, WayAdapter } from "../way-adapter.ts";
import { createReplySockets } from "./reply-socket.ts";
import { socketLimits } from "./socket-limits.ts";
import { hearStatuses } from "./status-lines.ts";
import { answers, type Written, writeLines } from "./write-line.ts";

export interface InboxSocketParts {
  readonly clock: Clock;
  /** Names this daemon among those of the machine. */
  readonly owner: string;
  readonly told: OfferTold;
  /** What `told` could not do. */
  readonly failed: (error: unknown) => void;
}

type OnItsWay = Extract<Written, { readonly state: "written" }>;

/** What one session has been sent lately. */
interface Line {
  /** One line after the other. */
  readonly inTurn: InTurn;
  /** When the last lines were written. */
  readonly at: number[];
  /** Refusals in a row. */
  refused: number;
  /** Nothing is written before. */
  notBefore: number;
  /** Lines since something was heard of the session, and what was heard last. */
  queued: number;
  seenAt: number;
}

/**
 * Messages by the inbox socket of a Claude Code session. A line says nothing of what becomes of it, so:
 *
 * written → `held`, `denied`, `expired` or `delivered` as the session says, by the offer's id, now or after a restart of this daemon
 * written → silence for `receiptMs`, and the session still listens: it has taken the line → injected
 * written → the connection breaks, or nobody listens any more → lost: it waits again, and comes again as a repeat
 */
export function createInboxSocket({ clock, owner, told, failed }: InboxSocketParts): WayAdapter {
  const lines = new Map<string, Line>();
  /** Offers that are written and of which nothing has been heard. */
  const silent = new Map<string, Timer>();
  let stopped = false;

  const settle = (offerId: string, outcome: Parameters<OfferTold>[1], reason: string | null): void => {
    silent.get(offerId)?.cancel();
    silent.delete(offerId);
    told(offerId, outcome, reason).catch(failed);
  };
  const heard = ({ msgId, status }: StatusLine): void => {
    if (stopped) return;
    if (status === "delivered") settle(msgId, "injected", null);
    else settle(msgId, status, saying[status]);
  };
  const replies = createReplySockets(owner, heard);

  const lineOf = (path: string): Line => {
    let line = lines.get(path);
    if (line === undefined) {
      line = { inTurn: createInTurn(), at: [], refused: 0, notBefore: 0, queued: 0, seenAt: 0 };
      lines.set(path, line);
      // Of sessions that have ended nothing says so here: the ones that were written to first go first.
      const [oldest] = lines.keys();
      if (lines.size > socketLimits.sessionsMax && oldest !== undefined) lines.delete(oldest);
    }
    return line;
  };
  const refuses = (line: Line): number => {
    line.refused += 1;
    const pause = fullJitter(line.refused - 1, socketLimits.backoff);
    line.notBefore = clock.now() + pause;
    return pause;
  };

  const put = async (path: string, session: LiveSession, message: PutIn): Promise<PutOutcome> => {
    const line = lineOf(path);
    const pause = line.notBefore - clock.now();
    if (pause > 0) return { state: "failed", reason: "it has just refused a line", retryAfterMs: pause, gone: false };
    // A process that its user has stopped takes lines nowhere but into the kernel.
    if (isAsleep(session))
      return { state: "failed", reason: "its process is stopped", retryAfterMs: socketLimits.stoppedMs, gone: false };
    await keepPace(line, clock);
    const reply = await replies.within(dirname(path));
    const token = session.socketToken === null ? "" : authLine(session.socketToken);
    const { offer_id: msgId, priority, text } = message;
    const written = await writeLines(path, token + messageLine({ msgId, priority, replySocket: reply, text }), clock);
    if (stopped) return { state: "failed", reason: "the daemon stops", retryAfterMs: null, gone: false };
    if (written.state === "failed") {
      if (written.gone) lines.delete(path);
      return {
        state: "failed",
        reason: written.reason,
        retryAfterMs: written.gone ? null : refuses(line),
        gone: written.gone,
      };
    }
    line.at.push(clock.now());
    line.queued += 1;
    awaitStatus(session, line, msgId, written);
    return { state: "written" };
  };

  const awaitStatus = (session: LiveSession, line: Line, msgId: string, { socket, broken }: OnItsWay): void => {
    const lost = (reason: string): void => {
      socket.destroy();
      if (!silent.has(msgId) || stopped) return;
      refuses(line);
      settle(msgId, "lost", reason);
    };
    // Whatever its path was taken from: nobody there has read a message.
    hearStatuses(socket, heard, () => lost("what listens at its socket is no session"));
    silent.set(
      msgId,
      clock.after(socketLimits.receiptMs, () => {
        const asleep = isAsleep(session);
        void answers(session.socketPath, clock).then((answered) => {
          socket.destroy();
          if (!silent.has(msgId) || stopped) return;
          if (asleep) return settle(msgId, "lost", "its process is stopped");
          if (answered) line.refused = 0;
          settle(msgId, answered ? "injected" : "lost", answered ? null : "the session ended");
        });
      }),
    );
    void broken.then(() => lost("the session refused the line"));
  };

  return {
    way: "socket",
    charsMax: socketLimits.charsMax,
    serves(session) {
      if (stopped || session.kind !== claudeCode.kind || session.socketPath === "") return false;
      // So that what its user decides about messages from before a restart is heard.
      void replies.within(dirname(session.socketPath));
      const line = lineOf(session.socketPath);
      if (line.seenAt !== session.lastSeenAt) {
        line.seenAt = session.lastSeenAt;
        line.queued = 0;
      }
      // The rest comes when it has gone on, by its hooks or by this.
      return line.queued < socketLimits.queuedMax;
    },
    offer(session, message) {
      const path = session.socketPath;
      if (stopped || path === "")
        return Promise.resolve({ state: "failed", reason: "it has no socket", retryAfterMs: null, gone: true });
      return lineOf(path).inTurn(() => put(path, session, message));
    },
    async stop() {
      stopped = true;
      for (const timer of silent.values()) timer.cancel();
      silent.clear();
      await replies.stop();
    },
  };
}

const saying = {
  held: "the session's user has not let it in yet",
  denied: "the session's user did not let it in",
  expired: "the session held it until its time was over",
} as const;

/** Waits until one more line is no burst. */
async function keepPace({ at }: Line, clock: Clock): Promise<void> {
  const since = clock.now() - socketLimits.paceMs;
  while (at[0] !== undefined && at[0] <= since) at.shift();
  const oldest = at.at(-socketLimits.linesAPaceMax);
  if (oldest === undefined) return;
  await new Promise<void>((resolve) => void clock.after(oldest - since, resolve));
}

/** Its process is stopped, as by Ctrl-Z; false where that cannot be seen. */
function isAsleep(session: LiveSession): boolean {
  const pid = pidOf(session.process);
  const stat = pid === null ? null : processStat(pid);
  return stat !== null && isStopped(stat);
}
