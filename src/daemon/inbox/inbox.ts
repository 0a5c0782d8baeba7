import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import { GroupCommit } from "../../base/group-commit.ts";
import type { Log } from "../../base/log.ts";
import { openDatabase, sqliteBusy, sqliteCode, sqliteFull } from "../../base/sqlite-database.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { PushItem } from "../../protocol/frames.ts";
import type { InboxItem, LocalEvent, Page } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { CheckedPush, Inbox } from "../parts.ts";
import { type InboxDatabase, resultOf, type WorkDone, workOf } from "./inbox-database.ts";
import { forgetSealed, retryChunkOf, undecryptableView } from "./keep-sealed.ts";
import { readMessage } from "./message-stages.ts";
import { type EventRow, type InboxQueries, inboxQueries } from "./queries.ts";
import { attachmentsOf, inboxItem } from "./row.ts";
import { restorePush } from "./restore-push.ts";
import { emptyTally, storePush, type Tally } from "./store-push.ts";

export interface InboxOptions {
  readonly path: string;
  readonly memberId: string;
  /** Of now: a member may take another name. */
  readonly memberName: () => string;
  /** Of a member as it is called now; null: nobody knows it. */
  readonly nameOf: (memberId: string) => string | null;
  readonly clock: Clock;
  readonly log: Log;
  /** A commit failed with something else than a full disk: the process must end. */
  fatal(error: unknown): void;
  /** Durability tests plant weaker settings here. */
  readonly pragmas?: string;
}

const groupMax = 64;
const waitingMax = 4_096;
const pruneChunk = 500;
const bodiesForMs = 30 * 86_400_000;
const keysForMs = 400 * 86_400_000;
const eventsForMs = 30 * 86_400_000;
const eventsMax = 1_000_000;
const searchWordsMax = 64;

export function createInbox(options: InboxOptions): Inbox {
  return new SqliteInbox(options);
}

/** A unit of work of one commit: what it wrote, and the ids of the events it added. */
type Job = (queries: InboxQueries, db: DatabaseSync) => Tally;

class SqliteInbox implements Inbox {
  readonly #options: InboxOptions;
  readonly #listeners = new Set<(event: LocalEvent) => void>();
  readonly #beforeCommit: ((db: DatabaseSync, afterEventId: number) => void)[] = [];
  #db: DatabaseSync | null = null;
  #queries: InboxQueries | null = null;
  #commits: GroupCommit<Job, Tally> | null = null;
  #receiptLeft: () => void = () => {};
  #told = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  readonly database: InboxDatabase = {
    read: (work) => work(this.#db as DatabaseSync, this.#live()),
    write: async <T>(work: (db: DatabaseSync, queries: InboxQueries) => T) => {
      const done: WorkDone<T>[] = [];
      await this.#commit((queries, db) => {
        done[0] = workOf(() => work(db, queries));
        return emptyTally();
      });
      return resultOf(done[0]);
    },
    receiptLeft: () => this.#receiptLeft(),
    beforeCommit: (listener) => void this.#beforeCommit.push(listener),
  };

  async start(): Promise<void> {
    const migrations = fileURLToPath(new URL("../../../migrations/daemon/inbox", import.meta.url));
    const db = openDatabase(this.#options.path, migrations, this.#options.pragmas);
    const queries = inboxQueries(db);
    this.#db = db;
    this.#queries = queries;
    this.#told = queries.eventBounds().newest;
    this.#commits = new GroupCommit<Job, Tally>({
      groupMax,
      waitingMax,
      busy: () => new ClaudemeshError("daemon_busy", "too much waits for the inbox's disk"),
      transaction: (body) => {
        this.#transaction(db, body);
        // After the commit and before any promise resolves: listeners hear in id order of what is on disk.
        this.#tell();
      },
      run: (job) => job(queries, db),
      isOwnFailure: () => false,
    });
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    this.#db?.close();
    this.#db = null;
    this.#queries = null;
  }

  store(items: readonly CheckedPush[], now: number): Promise<Tally> {
    return this.#commit((queries) => {
      const tally = emptyTally();
      for (const item of items) storePush(queries, item, this.#options, now, tally);
      return tally;
    });
  }

  async restore(items: readonly CheckedPush[], now: number): Promise<number> {
    const { stored } = await this.#commit((queries) => {
      const restored = items.filter((item) => restorePush(queries, item, now)).length;
      return { ...emptyTally(), stored: restored };
    });
    if (stored > 0) this.#receiptLeft();
    return stored;
  }

  async retryUndecryptable(check: (item: PushItem) => CheckedPush, all: boolean, now: number): Promise<number> {
    let decided = 0;
    let leftReceipt = false;
    for (let after: number | null = 0; after !== null; ) {
      const from = { after, all };
      after = null;
      await this.#commit((queries) => {
        const chunk = retryChunkOf(queries, check, this.#options, from, now);
        after = chunk.last;
        decided += chunk.decided;
        leftReceipt ||= chunk.receipts;
        return emptyTally();
      });
    }
    if (leftReceipt) this.#receiptLeft();
    return decided;
  }

  undecryptable: Inbox["undecryptable"] = ({ cursor, limit }) => {
    const rows = this.#live().sealedAfter(cursorId(cursor), limit);
    return {
      items: rows.map((row) => undecryptableView(row, this.#options.nameOf)),
      next_cursor: rows.length < limit ? null : String(rows.at(-1)?.id),
    };
  };

  undecryptableCount: Inbox["undecryptableCount"] = () => this.#live().sealedCount();

  list: Inbox["list"] = (filter) => {
    const rows = this.#live().page(filter, filter.cursor === null ? null : cursorId(filter.cursor), filter.limit);
    return this.#page(
      rows.map((row) => inboxItem(row, this.#options.memberName())),
      filter.limit,
    );
  };

  search: Inbox["search"] = (query, page) => {
    const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : cursorId(page.cursor);
    const rows = this.#live().search(quoted(query), before, page.limit);
    return this.#page(
      rows.map((row) => inboxItem(row, this.#options.memberName())),
      page.limit,
    );
  };

  mentions: Inbox["mentions"] = (memberId, page) => {
    const queries = this.#live();
    const rows = page.newest
      ? queries.newestMentions(
          memberId,
          page.cursor === null ? Number.MAX_SAFE_INTEGER : cursorId(page.cursor),
          page.limit,
        )
      : queries.mentions(memberId, cursorId(page.cursor), page.limit);
    return this.#page(
      rows.map((row) => inboxItem(row, this.#options.memberName())),
      page.limit,
    );
  };

  item(inboxId: number): InboxItem | null {
    const row = this.#live().row(inboxId);
    return row === null || row.shown === 0 ? null : inboxItem(row, this.#options.memberName());
  }

  attachments(inboxId: number): readonly Attachment[] | null {
    const row = this.#live().row(inboxId);
    return row === null || row.shown === 0 ? null : attachmentsOf(row);
  }

  async markRead(inboxId: number, now: number): Promise<InboxItem | null> {
    if (this.item(inboxId) === null) return null;
    let leftReceipt = false;
    await this.#commit((queries) => {
      const row = queries.row(inboxId);
      leftReceipt = row !== null && readMessage(queries, row, now);
      return emptyTally();
    });
    if (leftReceipt) this.#receiptLeft();
    return this.item(inboxId);
  }

  async addEvents(
    events: readonly { event: LocalEvent["event"]; data: Record<string, unknown> }[],
    now: number,
  ): Promise<void> {
    await this.#commit((queries) => {
      for (const { event, data } of events) queries.addEvent(event, now, null, JSON.stringify(data));
      return emptyTally();
    });
  }

  eventsAfter(id: number, limit: number): readonly LocalEvent[] {
    return this.#live()
      .eventsAfter(id, limit)
      .map((row) => this.#event(row));
  }

  newestEventId(): number {
    return this.#live().eventBounds().newest;
  }

  oldestEventId(): number {
    return this.#live().eventBounds().oldest;
  }

  onEvent(listener: (event: LocalEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  positions: Inbox["positions"] = () => this.#live().positions();

  pendingReceipts: Inbox["pendingReceipts"] = (limit) =>
    this.#live()
      .receipts(limit)
      .map((row) => ({
        id: row.id,
        to: row.recipient,
        item: {
          client_message_id: row.client_message_id,
          request_fingerprint: row.request_fingerprint,
          state: row.state,
          at: row.at,
        },
      }));

  async receiptsSent(ids: readonly number[]): Promise<void> {
    await this.#commit((queries) => {
      for (const id of ids) queries.dropReceipt(id);
      return emptyTally();
    });
  }

  onReceipt(listener: () => void): void {
    this.#receiptLeft = listener;
  }

  fact(name: string): string | null {
    return this.#live().fact(name);
  }

  async setFact(name: string, value: string): Promise<void> {
    await this.#commit((queries) => {
      queries.setFact(name, value);
      return emptyTally();
    });
  }

  async prune(now: number): Promise<number> {
    let removed = 0;
    for (let chunk = 1; chunk > 0; ) {
      const { stored } = await this.#commit((queries) => {
        const newest = queries.eventBounds().newest;
        const gone =
          queries.forgetBodies(now - bodiesForMs, pruneChunk) +
          forgetSealed(queries, now - bodiesForMs, pruneChunk, now) +
          queries.forgetKeys(now - keysForMs, pruneChunk) +
          queries.forgetEvents(now - eventsForMs, newest - eventsMax, pruneChunk);
        queries.forgetPositions();
        return { ...emptyTally(), stored: gone };
      });
      chunk = stored;
      removed += stored;
    }
    return removed;
  }

  #live(): InboxQueries {
    if (this.#queries === null) throw new ClaudemeshError("stopping", "the inbox is not open");
    return this.#queries;
  }

  #commit(job: Job): Promise<Tally> {
    if (this.#commits === null || this.#db === null)
      return Promise.reject(new ClaudemeshError("stopping", "the inbox is not open"));
    return this.#commits.submit(job);
  }

  #transaction(db: DatabaseSync, body: () => void): void {
    if (this.#db === null) throw new ClaudemeshError("stopping", "the inbox is not open");
    try {
      db.exec("BEGIN IMMEDIATE");
      body();
      for (const listener of this.#beforeCommit) listener(db, this.#told);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      // A full or locked disk rolls back cleanly; after anything else nobody knows what is there: the next start finds out.
      const code = sqliteCode(error);
      if (code !== null && code !== sqliteFull && code !== sqliteBusy) this.#options.fatal(error);
      throw new ClaudemeshError(
        "store_unavailable",
        `the inbox could not be written: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  #tell(): void {
    if (this.#listeners.size === 0) {
      this.#told = this.#live().eventBounds().newest;
      return;
    }
    for (const row of this.#live().eventsAfter(this.#told, eventsMax)) {
      this.#told = row.id;
      const event = this.#event(row);
      for (const listener of this.#listeners) listener(event);
    }
  }

  #event(row: EventRow): LocalEvent {
    const item = row.inbox_id === null ? null : this.#live().row(row.inbox_id);
    const data =
      item === null
        ? (JSON.parse(row.data) as Record<string, unknown>)
        : { ...inboxItem(item, this.#options.memberName()) };
    return { id: row.id, event: row.event, at: rfc3339(row.at), data };
  }

  #page(items: InboxItem[], limit: number): Page<InboxItem> {
    return { items, next_cursor: items.length < limit ? null : String(items.at(-1)?.inbox_id) };
  }
}

function cursorId(cursor: string | null): number {
  const id = cursor === null ? 0 : Number(cursor);
  if (!Number.isSafeInteger(id) || id < 0) throw new ClaudemeshError("invalid_field", "cursor is not one of this list");
  return id;
}

/** Every word must occur; quoting keeps FTS5's operators out of a caller's text. SQLite ends a text at U+0000. */
function quoted(query: string): string {
  const words = [...new Set(query.split(/[\s\0]+/).filter((word) => word !== ""))];
  if (words.length === 0)
    throw new ClaudemeshError("missing_field", "the search has no words", { hint: "give q=word" });
  // FTS5 takes time with the square of their number, and the loop stands still meanwhile.
  if (words.length > searchWordsMax)
    throw new ClaudemeshError("invalid_field", `the search has more than ${searchWordsMax} words`, {
      hint: "give the rarest of them",
    });
  return words.map((word) => `"${word.replaceAll('"', '""')}"`).join(" ");
}
