import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import { GroupCommit } from "../../base/group-commit.ts";
import type { Log } from "../../base/log.ts";
import { openDatabase, sqliteCode, sqliteFull } from "../../base/sqlite-database.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { fingerprintVersions, localFingerprintVersion } from "../../protocol/fingerprint.ts";
import type { VoidAnswer } from "../../protocol/frames.ts";
import { callerId, wireId } from "../../protocol/ids.ts";
import type { MessageView, OutboxRowView, OutboxStatus, Page } from "../../protocol/local-api.ts";
import type { RowRefusal } from "../../protocol/row-refusal.ts";
import type { CallerFingerprint } from "./caller-fingerprint.ts";
import type { AcceptedRequest, Outbox, OutboxAnswer, Readiness } from "../parts.ts";
import { carriedOf, carriedText } from "./carried.ts";
import { answerFor } from "./answer-table.ts";
import { DrainOrder } from "./drain-order.ts";
import { dropRow, requeueRow } from "./operator.ts";
import { claimDue, expireDue, linkOpened, release, reopenAfterBreak, settle, settleVoid } from "./drain.ts";
import { type OutboxQueries, outboxQueries } from "./queries.ts";
import { applyProgress, applyReceipts, StageTeller } from "./receipts.ts";
import { CommitFailed, storeError, type StoreRefusal } from "./store-error.ts";
import { createPreSendRefusals } from "./pre-send-refusals.ts";
import { messageView, type OutboxRow, rowView } from "./row.ts";

export interface OutboxOptions {
  readonly path: string;
  readonly meshId: string;
  readonly memberId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether something can be sealed to a destination now, and why not. */
  readyFor(destination: { readonly kind: OutboxRow["destination_kind"]; readonly ref: string }): Readiness;
  /** Whether the broker has the files that a row carries, and why not. Absent: rows carry none. */
  filesReady?(fileIds: readonly string[]): Readiness;
  /**
   * Builds the envelope that a row's first transmission freezes. Called only where {@link readyFor} is ready. `version`: of the wire
   * fingerprint, if not the one that is negotiated.
   */
  seal(row: OutboxRow, body: Uint8Array, version?: number): Envelope;
  /** x25519 key of a member as the chain names it now; null: it is none. */
  recipientKey(memberId: string): string | null;
  /** Asks the broker to void wire ids; rejects broker_unreachable while it is away. */
  voidIds(wireIds: readonly string[]): Promise<readonly VoidAnswer[]>;
  /** Told after the commit that made a stage true; repeated after a restart until it has resolved. */
  onStages(rows: readonly OutboxRow[]): Promise<void>;
  /** Told after the commit that ended a row since the broker holds its id for other bytes. */
  onMismatch?(error: RowRefusal): void;
  /** Used share of the disk budget rose above 0.8 or fell below it again. */
  onPressure(used: { readonly bytes: number; readonly bytesMax: number; readonly high: boolean }): void;
  /** COMMIT failed with an I/O error: what is on disk is unknown and the process must end. */
  fatal(error: unknown): void;
  readonly random?: () => number;
  /** Read at each use: it may change. */
  readonly diskBytesMax?: number;
  /** Durability tests plant weaker settings here. */
  readonly pragmas?: string;
}

const diskBytesMaxDefault = 5_000_000_000;
const pressureShare = 0.8;
const fullShare = 0.95;
const acceptGroupMax = 256;
const acceptWaitingMax = 4_096;
const tombstoneAfterMs = 30 * 86_400_000;
const pruneChunk = 500;

export function createOutbox(options: OutboxOptions): Outbox {
  return new SqliteOutbox(options);
}

/** What the outbox's own parts (drain, operator, receipts) work on. */
export interface OutboxCore {
  readonly options: OutboxOptions;
  readonly queries: OutboxQueries;
  readonly order: DrainOrder;
  readonly teller: StageTeller;
  /** Throws outbox_full for whatever would need more room. */
  refuseWhenFull(): void;
  /** Runs `body` as one durable transaction. */
  transaction<T>(body: () => T): T;
  /** Keeps the counters true; called wherever a row changes its status. */
  moved(from: OutboxStatus | null, to: OutboxStatus): void;
  /** Wakes the drain. */
  work(): void;
  wireIdOf(row: OutboxRow): string;
  rowOfWireId(wire: string): OutboxRow | null;
}

class SqliteOutbox implements Outbox {
  readonly options: OutboxOptions;
  #db: DatabaseSync | null = null;
  #core: OutboxCore | null = null;
  #accepts: GroupCommit<AcceptedRequest, OutboxAnswer> | null = null;
  readonly #counts: Record<OutboxStatus, number> = { pending: 0, inflight: 0, done: 0, dead: 0, aborted: 0 };
  readonly #workListeners: (() => void)[] = [];
  readonly refusals = createPreSendRefusals(() => this.#live());
  #pressure = false;
  #stopping = false;
  #takesNew = true;

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const { options } = this;
    const migrations = fileURLToPath(new URL("../../../migrations/daemon/outbox", import.meta.url));
    const db = openDatabase(options.path, migrations, options.pragmas);
    const queries = outboxQueries(db);
    // A crash left these on a link that no longer exists. What became of them is unknown: they go out again as they are.
    queries.resetInflight();
    queries.doomUnsealed();
    Object.assign(this.#counts, queries.counts());
    const order = new DrainOrder();
    for (const { destination, head } of queries.destinations())
      order.waitUntil(destination, queries.row(head)?.next_attempt_at ?? 0);
    this.#db = db;
    const core: OutboxCore = {
      options,
      queries,
      order,
      teller: new StageTeller(options, queries),
      refuseWhenFull: () => this.#refuseWhenFull(core),
      transaction: (body) =>
        this.#transaction(() => {
          core.teller.markTold();
          return body();
        }),
      moved: (from, to) => {
        if (from !== null) this.#counts[from] -= 1;
        this.#counts[to] += 1;
      },
      work: () => {
        for (const listener of this.#workListeners) listener();
      },
      wireIdOf: (row) => wireId(options.memberId, row.client_message_id, { minted: row.minted === 1 }),
      rowOfWireId: (wire) => {
        const row = queries.rowByClientId(callerId(options.memberId, wire));
        return row !== null && core.wireIdOf(row) === wire ? row : null;
      },
    };
    this.#core = core;
    this.#accepts = new GroupCommit<AcceptedRequest, OutboxAnswer>({
      groupMax: acceptGroupMax,
      waitingMax: acceptWaitingMax,
      busy: () => new ClaudemeshError("daemon_busy", "too many sends wait for the disk"),
      transaction: (body) => this.#transaction(body),
      run: (request) => this.#insert(core, request),
      isOwnFailure: (error) => error instanceof ClaudemeshError,
    });
    await core.teller.tellLeftovers();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#core?.teller.idle();
    this.#db?.close();
    this.#db = null;
    this.#core = null;
  }

  peek(clientMessageId: string, fingerprint: CallerFingerprint): OutboxAnswer | null {
    const row = this.#live().queries.rowByClientId(clientMessageId);
    return row === null ? null : answerFor(row, fingerprint);
  }

  async accept(request: AcceptedRequest): Promise<OutboxAnswer> {
    if (this.#stopping || this.#accepts === null) throw new ClaudemeshError("stopping", "the daemon is stopping");
    try {
      const answer = await this.#accepts.submit(request);
      if (answer.kind === "queued" && !answer.duplicate) this.#live().work();
      return answer;
    } catch (error) {
      const { client_message_id } = request;
      throw storeError(error, {
        full: "outbox_full",
        unknown: `${client_message_id} was committed; it may or may not be stored`,
        again: "send it again with the same client_message_id: the answer tells",
        details: { client_message_id },
      });
    }
  }

  refuseNew(): void {
    this.#takesNew = false;
  }

  row(outboxId: number): OutboxRowView | null {
    const row = this.#live().queries.row(outboxId);
    return row === null ? null : rowView(row);
  }

  list(filter: { states: readonly OutboxStatus[] | null; cursor: string | null; limit: number }): Page<OutboxRowView> {
    const after = Number(filter.cursor ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      throw new ClaudemeshError("invalid_field", "cursor is not one of this list");
    const rows = this.#live().queries.page(filter.states, after, filter.limit);
    return { items: rows.map(rowView), next_cursor: rows.length < filter.limit ? null : String(rows.at(-1)?.id) };
  }

  message(id: string): MessageView | null {
    const core = this.#live();
    const row =
      core.queries.rowByClientId(id) ??
      core.rowOfWireId(id) ??
      (/^\d{1,15}$/.test(id) ? core.queries.row(Number(id)) : null);
    return row === null ? null : messageView(row);
  }

  sentContent(wireId: string, requestFingerprint: string): ReturnType<Outbox["sentContent"]> {
    const row = this.#live().rowOfWireId(wireId);
    if (row === null || row.body === null || row.envelope === null) return null;
    if ((JSON.parse(row.envelope) as Envelope).request_fingerprint !== requestFingerprint) return null;
    return { body: row.body, attachments: carriedOf(row) };
  }

  counts(): Record<OutboxStatus, number> {
    return { ...this.#counts };
  }

  oldestPendingAgeMs(): number {
    const at = this.#live().queries.oldestPendingAt();
    return at === null ? 0 : Math.max(0, this.options.clock.now() - at);
  }

  requeue: Outbox["requeue"] = (outboxId, change, by) =>
    this.#changing(outboxId, "outbox_full", async () => {
      this.#refuseAtEnd();
      return requeueRow(this.#live(), outboxId, change, by);
    });
  drop: Outbox["drop"] = (outboxId, how, by) =>
    this.#changing(outboxId, "store_unavailable", () => dropRow(this.#live(), outboxId, how, by));
  linkOpened: Outbox["linkOpened"] = async () => linkOpened(this.#live());
  claimDue: Outbox["claimDue"] = async (now, limit) => claimDue(this.#live(), now, limit);
  settle: Outbox["settle"] = async (answers, now) => settle(this.#live(), answers, now);
  release: Outbox["release"] = async (ids, reason, now) => release(this.#live(), ids, reason, now);
  expireDue: Outbox["expireDue"] = async (now, hours) => expireDue(this.#live(), now, hours);
  settleVoid: Outbox["settleVoid"] = async (answers, now) => settleVoid(this.#live(), answers, now);
  reopenAfterBreak: Outbox["reopenAfterBreak"] = async (breaks, now) => {
    const reopened = reopenAfterBreak(this.#live(), breaks, now);
    if (reopened > 0) Object.assign(this.#counts, this.#live().queries.counts());
    return reopened;
  };
  applyReceipts: Outbox["applyReceipts"] = async (items) => applyReceipts(this.#live(), items);
  applyProgress: Outbox["applyProgress"] = async (wire, progress) => applyProgress(this.#live(), wire, progress);

  async prune(now: number): Promise<number> {
    const core = this.#live();
    let shrunk = 0;
    for (let chunk = pruneChunk; chunk === pruneChunk; shrunk += chunk) {
      chunk = core.transaction(() => core.queries.shrink(now - tombstoneAfterMs, pruneChunk));
      await new Promise((resolve) => setImmediate(resolve));
    }
    core.transaction(() => core.queries.forgetPositions());
    return shrunk;
  }

  nextDueInMs(now: number): number | null {
    return this.#live().order.nextInMs(now);
  }

  held(): ReturnType<Outbox["held"]> {
    // A version that this program does not know has no name here; the broker judges such a row when it comes.
    return new Map(
      this.#live()
        .queries.held()
        .flatMap(({ version, rows }): [string, number][] => {
          const name = fingerprintVersions.get(version);
          return name === undefined ? [] : [[name, rows]];
        }),
    );
  }

  keysChanged(): void {
    this.#core?.order.keysChanged();
    this.#core?.work();
  }

  filesInUse(): ReadonlySet<string> {
    const rows = this.#core?.queries.carrying() ?? [];
    return new Set(rows.flatMap((row) => carriedOf(row).map(({ file_id }) => file_id)));
  }

  onWork(listener: () => void): void {
    this.#workListeners.push(listener);
  }

  positions(): ReturnType<Outbox["positions"]> {
    return this.#live().queries.positions();
  }

  #live(): OutboxCore {
    if (this.#core === null) throw new ClaudemeshError("stopping", "the outbox is not open");
    return this.#core;
  }

  /** Looks the id up again under the write lock: of many sends of one id, one inserts. */
  #insert(core: OutboxCore, request: AcceptedRequest): OutboxAnswer {
    const existing = core.queries.rowByClientId(request.client_message_id);
    if (existing !== null) return answerFor(existing, request.fingerprint);
    this.#refuseAtEnd();
    this.#refuseWhenFull(core);
    const destination = destinationKey(request.destination_kind, request.destination_ref);
    const id = core.queries.insert({
      client_message_id: request.client_message_id,
      minted: request.minted ? 1 : 0,
      request_fingerprint: request.fingerprint(localFingerprintVersion),
      fingerprint_version: localFingerprintVersion,
      to_text: request.to,
      destination,
      destination_kind: request.destination_kind,
      destination_ref: request.destination_ref,
      body: request.body,
      content_type: request.content_type,
      priority: request.priority,
      meta: request.meta,
      mentions: JSON.stringify(request.mentions),
      mentions_written: JSON.stringify(request.mentions_written ?? request.mentions),
      reply_to: request.reply_to,
      supersedes: null,
      supersedes_row: null,
      enqueued_at: this.options.clock.now(),
      resealed: 0,
      attachments: carriedText(request.attachments ?? []),
      pre_send: request.pre_send ?? "",
    });
    core.moved(null, "pending");
    core.order.add(destination);
    return { kind: "queued", outbox_id: id, client_message_id: request.client_message_id, duplicate: false };
  }

  #refuseAtEnd(): void {
    if (this.#takesNew) return;
    throw new ClaudemeshError("stopping", "the daemon is ending: it sends what it has, and takes nothing more");
  }

  #refuseWhenFull(core: OutboxCore): void {
    const bytesMax = this.options.diskBytesMax ?? diskBytesMaxDefault;
    const bytes = core.queries.usedBytes();
    const high = bytes > bytesMax * pressureShare;
    if (high !== this.#pressure) {
      this.#pressure = high;
      this.options.onPressure({ bytes, bytesMax, high });
    }
    if (bytes > bytesMax * fullShare) {
      throw new ClaudemeshError("outbox_full", `the outbox holds ${bytes} of ${bytesMax} bytes; draining goes on`, {
        hint: "see `claudemesh outbox list --state pending`, or raise [outbox] disk_bytes_max in config.toml",
      });
    }
  }

  #transaction<T>(body: () => T): T {
    const db = this.#db;
    if (db === null) throw new ClaudemeshError("stopping", "the outbox is not open");
    db.exec("BEGIN IMMEDIATE");
    const counts = { ...this.#counts };
    let result: T;
    try {
      result = body();
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      Object.assign(this.#counts, counts);
      throw error;
    }
    try {
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      Object.assign(this.#counts, counts);
      // A full disk rolls back cleanly. Anything else at COMMIT leaves the outcome unknown: rows may or may not be there.
      if (sqliteCode(error) === sqliteFull) throw error;
      this.options.fatal(error);
      throw new CommitFailed(error);
    }
    return result;
  }

  async #changing<T>(outboxId: number, full: StoreRefusal["full"], change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      throw storeError(error, {
        full,
        unknown: `row ${outboxId} was changed; it may or may not be as it was`,
        again: `claudemesh outbox inspect ${outboxId}`,
        details: { outbox_id: outboxId },
      });
    }
  }
}

/** All dms of a member, whatever agent they name, are one destination. */
export function destinationKey(kind: string, ref: string): string {
  return kind === "dm" ? `dm:${ref.slice(0, 64)}` : `${kind}:${ref}`;
}
