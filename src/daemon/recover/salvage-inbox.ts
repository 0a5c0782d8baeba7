import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../base/sqlite-database.ts";
import { isName } from "../../protocol/address.ts";
import { isMemberId, isUuidV7, isWireId } from "../../protocol/ids.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { windowFact } from "../link/link.ts";
import { type RebuildFact, rebuildFact } from "./inbox-rebuild.ts";
import { copyOffers } from "./salvage-offers.ts";
import { readablePositions } from "./salvage-outbox.ts";
import { copyAgents } from "./salvage-agents.ts";
import { columnsOf, readableRows, savedRows, sequenceOf, setSequence } from "./saved-rows.ts";

export interface InboxSalvage {
  /** Messages whose place is kept: number, order, whether they were read. Their content comes from the broker. */
  readonly places: number;
  /** Of them, those that were read. */
  readonly read: number;
}

/** What is kept of a message: which it is, and what this host has done with it. Nothing here proves its content. */
interface Place {
  readonly id: number;
  readonly sender: string;
  readonly client_message_id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly broker_message_id: string;
  readonly supersedes: string | null;
  readonly via: string;
  readonly shown: 0 | 1;
  readonly sent_at: string;
  readonly accepted_at: string;
  readonly received_at: number;
  readonly injected_at: number | null;
  readonly read_at: number | null;
}

/**
 * Makes a new inbox that has of each message only its place, and asks the daemon's next start to fill them from the broker's history.
 * No content is taken over: an inbox keeps bodies opened, and nothing in it could tell a damaged one from a true one.
 */
export function salvageInbox(from: {
  readonly path: string;
  readonly readable: DatabaseSync | null;
  readonly fresh: string;
  readonly migrations: string;
}): InboxSalvage {
  const database = openDatabase(from.fresh, from.migrations);
  try {
    const rows = savedRows<Place>({
      path: from.path,
      readable: from.readable,
      table: "inbox",
      columns: columnsOf(database, "inbox"),
      read: readPlace,
      holds: () => true,
      better: (one, other) => one.read_at !== null && other.read_at === null,
    });
    const insert = database.prepare(
      `INSERT INTO inbox (id, sender, client_message_id, epoch, seq, broker_message_id, supersedes, via, content_type, meta, mentions,
         priority, algorithm, verified, shown, sent_at, accepted_at, received_at, injected_at, read_at, restored)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '[]', 'next', 'none', 0, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    let [places, read] = [0, 0];
    database.exec("BEGIN IMMEDIATE");
    for (const id of rows.ids) {
      const row = rows.row(id);
      if (row === null) continue;
      const { sender, client_message_id, epoch, seq, broker_message_id, supersedes, via } = row;
      const { sent_at, accepted_at, received_at, injected_at, read_at, shown } = row;
      // What was not shown, or no more, stays as it was: a key by which it is known again.
      const { changes } = insert.run(
        ...[id, sender, client_message_id, epoch, seq, broker_message_id, supersedes, via],
        ...[sent_at, accepted_at, received_at, injected_at, read_at, shown === 1 ? 2 : 0],
      );
      if (Number(changes) === 0) continue;
      places += 1;
      if (read_at !== null) read += 1;
    }
    copySealed(database, from.readable);
    copyOffers(database, from.readable);
    copyFacts(database, from.readable);
    copyAgents(database, from.readable);
    setSequence(database, "inbox", sequenceOf(from.readable, "inbox", rows.ids));
    // Listeners go on behind the last event that they have heard: no number is given twice.
    setSequence(database, "event", sequenceOf(from.readable, "event", lastEvent(from.path, database)));
    database.exec("COMMIT");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return { places, read };
  } finally {
    database.close();
  }
}

function readPlace(fields: Readonly<Record<string, unknown>>): Place | null {
  const { sender, client_message_id: id, epoch, seq, broker_message_id: brokerId, supersedes, shown } = fields;
  const { via = "", sent_at: sentAt, accepted_at: acceptedAt, received_at: receivedAt, read_at: readAt } = fields;
  // An inbox of an earlier version tells nothing of sessions.
  const { injected_at: injectedAt = null } = fields;
  const holds =
    typeof sender === "string" &&
    isMemberId(sender) &&
    typeof id === "string" &&
    isWireId(id) &&
    isCount(epoch) &&
    isCount(seq) &&
    typeof brokerId === "string" &&
    isUuidV7(brokerId) &&
    (supersedes === null || (typeof supersedes === "string" && isWireId(supersedes))) &&
    typeof via === "string" &&
    /^(api:[!-~]{1,128})?$/.test(via) &&
    (shown === 0 || shown === 1) &&
    [sentAt, acceptedAt].every((time) => typeof time === "string" && isRfc3339(time)) &&
    isCount(receivedAt) &&
    (readAt === null || isCount(readAt)) &&
    (injectedAt === null || isCount(injectedAt)) &&
    (fields["topic"] === null || isName(String(fields["topic"])));
  return holds ? ({ ...fields, via, injected_at: injectedAt } as unknown as Place) : null;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function lastEvent(path: string, fresh: DatabaseSync): readonly number[] {
  return savedRows<{ readonly id: number }>({
    path,
    readable: null,
    table: "event",
    columns: columnsOf(fresh, "event"),
    read: ({ id, event, at, data }) =>
      typeof event === "string" && /^[a-z_]{1,40}$/.test(event) && isCount(at) && typeof data === "string"
        ? { id: Number(id) }
        : null,
    holds: () => true,
    better: () => false,
  }).ids;
}

/** What was kept sealed is as it came, signature and all: it is judged again when a key comes. */
function copySealed(database: DatabaseSync, readable: DatabaseSync | null): void {
  const insert = database.prepare(
    `INSERT INTO undecryptable (epoch, seq, sender, client_message_id, item, code, reason, final, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  for (const row of readableRows(readable, "SELECT * FROM undecryptable")) {
    const { epoch, seq, sender, client_message_id: id, item, code, reason, final, since } = row;
    const texts = [sender, id, item, code, reason];
    if (!texts.every((text) => typeof text === "string") || ![epoch, seq, since].every(isCount)) continue;
    if (!isRecord(json(item))) continue;
    insert.run(
      Number(epoch),
      Number(seq),
      ...(texts as [string, string, string, string, string]),
      final === 1 ? 1 : 0,
      Number(since),
    );
  }
}

/** Facts that another start would not find out by itself. */
function copyFacts(database: DatabaseSync, readable: DatabaseSync | null): void {
  const insert = database.prepare("INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING");
  for (const { name, value } of readableRows(readable, "SELECT name, value FROM fact")) {
    if (typeof name !== "string" || typeof value !== "string") continue;
    const holds =
      (name === "log_epoch" && /^\d{1,15}$/.test(value)) ||
      (name === "last_instance_id" && /^[0-9a-f-]{36}$/.test(value)) ||
      (name === windowFact && (value === "null" || isRecord(json(value))));
    if (holds) insert.run(name, value);
  }
  const fact: RebuildFact = { done: [], messages: 0 };
  insert.run(rebuildFact, JSON.stringify(fact));
  const position = database.prepare(
    "INSERT INTO position (incarnation, epoch, seq, broker_message_id, mac, noted_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const row of readablePositions(readable))
    position.run(row.incarnation, row.epoch, row.seq, row.broker_message_id, row.mac, row.noted_at);
}

function json(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}
