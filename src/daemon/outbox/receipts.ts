import type { Envelope } from "../../protocol/envelope.ts";
import type { OutboxCore, OutboxOptions } from "./outbox.ts";
import type { OutboxQueries } from "./queries.ts";
import { resealOrSay } from "./reseal.ts";
import type { OutboxRow } from "./row.ts";

const leftoversMax = 1_000;

/**
 * Tells local listeners of stages after the commit that made them true. Rows and events live in two databases, which do
 * not commit as one: a row stays marked `untold` until its event is on disk, and is told again after a crash between.
 */
export class StageTeller {
  readonly #options: OutboxOptions;
  readonly #queries: OutboxQueries;
  #told: number[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(options: OutboxOptions, queries: OutboxQueries) {
    this.#options = options;
    this.#queries = queries;
  }

  tell(outboxIds: readonly number[]): void {
    const rows = outboxIds.map((id) => this.#queries.row(id)).filter((row): row is OutboxRow => row?.untold === 1);
    if (rows.length === 0) return;
    this.#running = this.#running.then(() => this.#tell(rows));
  }

  /**
   * Called first in every transaction: an extra one for the mark would double the cost of a message, and a mark of the
   * stage before must not wipe out one that the transaction sets.
   */
  markTold(): void {
    for (const id of this.#told.splice(0)) this.#queries.told(id);
  }

  async tellLeftovers(): Promise<void> {
    const rows = this.#queries.untold(leftoversMax);
    if (rows.length > 0) await this.#tell(rows);
  }

  /** Resolves when what was to be told has been. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #tell(rows: readonly OutboxRow[]): Promise<void> {
    try {
      await this.#options.onStages(rows);
      for (const row of rows) this.#told.push(row.id);
    } catch (error) {
      this.#options.log.warn(
        { error: String(error), rows: rows.length },
        "stages could not be told now; they will be after a restart",
      );
    }
  }
}

/**
 * Signed receipts of the receiver, already verified. Monotone: a later stage implies the ones before it. Returns the ids that nothing here
 * was sent under.
 */
export function applyReceipts(
  core: OutboxCore,
  items: readonly {
    wireId: string;
    fingerprint: string;
    from: string;
    state: "delivered" | "injected" | "read" | "undecryptable";
    at: string;
  }[],
): readonly string[] {
  const told: number[] = [];
  const unknown: string[] = [];
  core.transaction(() => {
    for (const item of items) {
      const row = core.rowOfWireId(item.wireId);
      if (row === null) unknown.push(item.wireId);
      // A receipt counts only from the member that the message was addressed to.
      if (row === null || row.destination_kind !== "dm" || row.destination_ref.slice(0, 64) !== item.from) continue;
      if (!isOf(row, item.fingerprint)) continue;
      const at = Date.parse(item.at);
      if (item.state === "undecryptable") {
        resealOrSay(core, row);
        told.push(row.id);
        continue;
      }
      const reached = item.state;
      core.queries.stage(row.id, {
        delivered: at,
        injected: reached === "injected" ? at : null,
        read: reached === "read" ? at : null,
      });
      told.push(row.id);
    }
  });
  core.teller.tell(told);
  core.work();
  return unknown;
}

/**
 * Of the bytes that this row sent: the receiver may have been shown others under its id, which a broker had changed where no signature
 * is, or which were sent before the outbox was put back. A tombstone knows its bytes no more.
 */
function isOf({ envelope }: OutboxRow, fingerprint: string): boolean {
  return envelope === null || (JSON.parse(envelope) as Envelope).request_fingerprint === fingerprint;
}

/**
 * The broker's count of subscribers that hold a topic message; delivered once all of them do. It is the broker's word, so it says
 * nothing of what one receiver signs for.
 */
export function applyProgress(core: OutboxCore, wireId: string, progress: { reached: number; of: number }): void {
  const row = core.rowOfWireId(wireId);
  if (row?.destination_kind !== "topic" || !isCount(progress.reached) || !isCount(progress.of)) return;
  const complete = progress.reached >= progress.of;
  core.transaction(() =>
    core.queries.progress(row.id, progress.reached, progress.of, complete ? core.options.clock.now() : null),
  );
  core.teller.tell([row.id]);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
