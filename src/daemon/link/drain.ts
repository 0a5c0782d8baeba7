import type { SendAckFrame, SendAnswer } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import type { Timer } from "../../base/clock.ts";
import type { ClaimedRow } from "../parts.ts";
import type { OpeningContext } from "./opening.ts";

/** Rows on the link at once. */
const drainWindow = 256;
/** Room for a frame's own JSON around its envelopes. */
const frameReserveBytes = 65_536;

/** Moves rows from the outbox over an open link and back: claim, send, settle. At most {@link drainWindow} unanswered. */
export interface Drain {
  /** Resolves when rows of earlier links are back in the queue and claiming has begun. */
  open(): Promise<void>;
  wake(): void;
  answered(frame: SendAckFrame): void;
  /** The link is gone: what was not answered goes back. Resolves when it is on disk. */
  closed(): Promise<void>;
}

interface DrainContext extends Pick<OpeningContext, "outbox" | "clock" | "log" | "count" | "voidDoomed"> {
  send(frame: object): void;
  takeId(): number;
  readonly frameBytes: number;
  readonly frameItems: number;
  /** Ends a link whose broker does not answer. */
  terminate(): void;
}

export function createDrain(context: DrainContext): Drain {
  const { outbox, clock, log } = context;
  const sent = new Map<number, { readonly rows: readonly ClaimedRow[]; readonly timer: Timer }>();
  let answers: { outboxId: number; answer: SendAnswer }[] = [];
  let unanswered = 0;
  let isOpen = false;
  let scheduled = false;
  let dueTimer: Timer | null = null;

  /** One turn of the loop: settle what was answered in one commit, then claim what the window has room for in another. */
  async function turn(): Promise<void> {
    scheduled = false;
    if (answers.length > 0) {
      const batch = answers;
      answers = [];
      const { doomed } = await outbox.settle(batch, clock.now());
      unanswered -= batch.length;
      if (doomed > 0) context.voidDoomed();
    }
    if (!isOpen) return;
    const room = drainWindow - unanswered;
    if (room > 0) {
      const rows = await outbox.claimDue(clock.now(), room);
      if (rows.length > 0) transmit(rows);
    }
    dueTimer?.cancel();
    const dueIn = outbox.nextDueInMs(clock.now());
    // Due by now though it was not when claiming: without a turn of its own nothing might ever come back to it.
    if (dueIn === 0 && unanswered < drainWindow) schedule();
    dueTimer = dueIn === null || dueIn === 0 ? null : clock.after(dueIn, schedule);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      turn().catch((error: unknown) => {
        log.error({ error: String(error) }, "the outbox could not be drained");
        context.terminate();
      });
    });
  }

  function transmit(rows: readonly ClaimedRow[]): void {
    unanswered += rows.length;
    let frame: ClaimedRow[] = [];
    let bytes = 0;
    const budget = context.frameBytes - frameReserveBytes;
    for (const row of rows) {
      const size = row.envelope.body.length + row.envelope.meta.length + 2_048;
      if (frame.length > 0 && (frame.length >= context.frameItems || bytes + size > budget)) {
        transmitFrame(frame);
        frame = [];
        bytes = 0;
      }
      frame.push(row);
      bytes += size;
    }
    transmitFrame(frame);
  }

  function transmitFrame(rows: readonly ClaimedRow[]): void {
    const id = context.takeId();
    const timer = clock.after(limits.requestTimeoutMs, () => {
      log.warn({ rows: rows.length }, `no answer to a send within ${limits.requestTimeoutMs} ms; the link is given up`);
      context.terminate();
    });
    sent.set(id, { rows, timer });
    context.send({ type: "send", id, items: rows.map((row) => row.envelope) });
  }

  return {
    async open() {
      await outbox.linkOpened();
      isOpen = true;
      schedule();
    },
    wake: () => {
      if (isOpen) schedule();
    },
    answered(frame) {
      const request = sent.get(frame.id);
      if (request === undefined) return;
      sent.delete(frame.id);
      request.timer.cancel();
      const byId = new Map(frame.items.map((answer) => [answer.client_message_id, answer]));
      for (const row of request.rows) {
        const answer = byId.get(row.envelope.client_message_id);
        if (answer === undefined) {
          log.warn(
            { client_message_id: row.envelope.client_message_id },
            "the broker's answer leaves an item out; the link is given up",
          );
          sent.set(frame.id, { ...request, timer: clock.after(0, () => undefined) });
          context.terminate();
          return;
        }
        if (answer.status === 200 && "history_available" in answer && !answer.history_available)
          context.count?.historyPruned();
        answers.push({ outboxId: row.outboxId, answer });
      }
      schedule();
    },
    async closed() {
      isOpen = false;
      dueTimer?.cancel();
      const lost: number[] = [];
      for (const { rows, timer } of sent.values()) {
        timer.cancel();
        for (const row of rows) lost.push(row.outboxId);
      }
      sent.clear();
      try {
        const batch = answers;
        answers = [];
        if (batch.length > 0) await outbox.settle(batch, clock.now());
        const settled = new Set(batch.map((row) => row.outboxId));
        const gone = lost.filter((outboxId) => !settled.has(outboxId));
        if (gone.length > 0) await outbox.release(gone, "the link closed before the broker's answer", clock.now());
      } catch (error) {
        log.error({ error: String(error) }, "rows on the lost link could not be put back; the next link does it");
      }
      unanswered = 0;
    },
  };
}
