import type { SQLInputValue } from "node:sqlite";
import type { Envelope } from "../../../protocol/envelope.ts";
import { judgeKnown, recordExpiry, refusals } from "../accept-outcomes.ts";
import { destinationColumn } from "../destination-column.ts";
import { issuePosition } from "../position-mac.ts";
import { readRecord } from "../read-row.ts";
import type { AcceptItem, AcceptOutcome, DedupeRecord, Refusal, RoutedDestination, VoidRecord } from "../store.ts";
import { incarnationName, type StoreCore } from "./core.ts";
import { maySend } from "./links.ts";

/**
 * B2 and B3 of a batch for one mesh: one transaction, whose BEGIN IMMEDIATE is the lock of every mesh in this file.
 * Under it each id is looked up again before anything else is decided, so that no refusal speaks over a record.
 */
export function accept(core: StoreCore, meshId: string, items: readonly AcceptItem[], now: number): AcceptOutcome[] {
  return core.transaction(() => {
    const head = core.sql("SELECT epoch, seq FROM mesh_head WHERE mesh_id = ?").get(meshId);
    if (head === undefined) return items.map(refusals.noMesh);
    const epoch = Number(head["epoch"]);
    let seq = Number(head["seq"]);
    const outcomes = items.map((item) => {
      const known = lookUpOne(core, meshId, item.envelope.client_message_id);
      if (known !== null) return judgeKnown(known, item);
      if (item.refusal !== null) return item.refusal;
      const destination = admit(core, meshId, item);
      if (destination.kind === "refused") return destination;
      seq += 1;
      insert(core, { meshId, item, destination, seq, epoch, now });
      return accepted(core, meshId, item, destination, seq, epoch);
    });
    if (seq !== Number(head["seq"])) core.sql("UPDATE mesh_head SET seq = ? WHERE mesh_id = ?").run(seq, meshId);
    return outcomes;
  });
}

/** The record or void claim of each id that has one. */
export function lookUp(
  core: StoreCore,
  meshId: string,
  ids: readonly string[],
): Map<string, DedupeRecord | VoidRecord> {
  const found = new Map<string, DedupeRecord | VoidRecord>();
  for (const id of ids) {
    const known = lookUpOne(core, meshId, id);
    if (known !== null) found.set(id, known);
  }
  return found;
}

/** Claims what has no record as void. Own ids only: another sender's claim or record is left alone. */
export function voidIds(
  core: StoreCore,
  meshId: string,
  memberId: string,
  ids: readonly string[],
  now: number,
): Map<string, DedupeRecord | VoidRecord> {
  return core.transaction(() => {
    for (const id of ids) {
      if (lookUpOne(core, meshId, id) !== null) continue;
      core
        .sql("INSERT INTO void_claim (mesh_id, client_message_id, sender, expires_at) VALUES (?, ?, ?, ?)")
        .run(meshId, id, memberId, recordExpiry(core.options.dedupe, now));
    }
    return lookUp(core, meshId, ids);
  });
}

function admit(core: StoreCore, meshId: string, item: AcceptItem): RoutedDestination | Refusal {
  const { envelope } = item;
  const sender = core
    .sql("SELECT status, link_epoch FROM member WHERE mesh_id = ? AND member_id = ?")
    .get(meshId, envelope.sender);
  if (sender?.["status"] !== "active") return refusals.senderNoMember();
  const { linkEpoch } = item;
  if (linkEpoch !== null && sender["link_epoch"] !== linkEpoch && !maySend(core, meshId, envelope.sender, linkEpoch))
    return refusals.newerLink();
  const unsealed = item.unsealed === true;
  if (envelope.destination_kind === "dm") {
    if (unsealed) return refusals.unsealedDm();
    const recipient = envelope.destination_ref.slice(0, 64);
    const row = core.sql("SELECT status FROM member WHERE mesh_id = ? AND member_id = ?").get(meshId, recipient);
    if (row?.["status"] !== "active") return refusals.noMember();
    return { kind: "dm", member_id: recipient };
  }
  if (envelope.destination_kind === "queue") {
    const name = envelope.destination_ref;
    const queue = core.sql("SELECT unsealed FROM queue WHERE mesh_id = ? AND name = ?").get(meshId, name);
    if (queue === undefined) return refusals.noQueue(name);
    return unsealed && queue["unsealed"] !== 1 ? refusals.unsealed(`queue:${name}`) : { kind: "queue", name };
  }
  const topic = core
    .sql("SELECT topic_id, unsealed FROM topic WHERE mesh_id = ? AND name = ? AND deleted_at IS NULL")
    .get(meshId, envelope.destination_ref);
  if (topic === undefined) return refusals.noTopic(envelope.destination_ref);
  if (unsealed && topic["unsealed"] !== 1) return refusals.unsealed(`#${envelope.destination_ref}`);
  const topicId = String(topic["topic_id"]);
  const open = core
    .sql("SELECT 1 AS yes FROM subscription WHERE mesh_id = ? AND member_id = ? AND topic_id = ? AND last_seq IS NULL")
    .get(meshId, envelope.sender, topicId);
  if (open === undefined) return refusals.notSubscribed(envelope.destination_ref);
  return { kind: "topic", topic_id: topicId };
}

function insert(
  core: StoreCore,
  row: { meshId: string; item: AcceptItem; destination: RoutedDestination; seq: number; epoch: number; now: number },
): void {
  const { meshId, item, seq, epoch, now } = row;
  const { envelope } = item;
  core
    .sql(
      `INSERT INTO message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, client_message_id, request_fingerprint, sender,
         destination, envelope, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      meshId,
      seq,
      epoch,
      core.incarnation.n,
      item.broker_message_id,
      envelope.client_message_id,
      item.fingerprint,
      envelope.sender,
      destinationColumn(row.destination),
      JSON.stringify(envelope),
      now,
    );
  core
    .sql(
      `INSERT INTO client_message_dedupe (mesh_id, client_message_id, broker_message_id, seq, epoch, request_fingerprint,
         fingerprint_version, sender, destination_kind, destination_ref, first_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      meshId,
      envelope.client_message_id,
      item.broker_message_id,
      seq,
      epoch,
      item.fingerprint,
      envelope.version,
      envelope.sender,
      envelope.destination_kind,
      envelope.destination_ref,
      now,
      recordExpiry(core.options.dedupe, now),
    );
  if (row.destination.kind === "queue") {
    core
      .sql("INSERT INTO delivery_queue (mesh_id, queue, seq, state, available_at) VALUES (?, ?, ?, 'ready', ?)")
      .run(meshId, row.destination.name, seq, now);
  }
  for (const member of envelope.mentions) {
    core.sql("INSERT INTO mention_index (mesh_id, member, seq) VALUES (?, ?, ?)").run(meshId, member, seq);
  }
}

function accepted(
  core: StoreCore,
  meshId: string,
  item: AcceptItem,
  destination: RoutedDestination,
  seq: number,
  epoch: number,
): AcceptOutcome {
  const position = issuePosition(core.positionKey, meshId, {
    epoch,
    seq,
    broker_message_id: item.broker_message_id,
    incarnation: core.incarnation.id,
  });
  return { kind: "accepted", seq, epoch, destination, position };
}

function lookUpOne(core: StoreCore, meshId: string, id: string): DedupeRecord | VoidRecord | null {
  // Nearly every id is new, and is asked for twice: one statement says so.
  const known = core
    .sql(
      `SELECT 1 AS yes FROM client_message_dedupe WHERE mesh_id = ?1 AND client_message_id = ?2
       UNION ALL SELECT 1 FROM void_claim WHERE mesh_id = ?1 AND client_message_id = ?2`,
    )
    .get(meshId, id);
  if (known === undefined) return null;
  const row = core
    .sql(
      `SELECT d.*, m.incarnation AS message_incarnation FROM client_message_dedupe d
         LEFT JOIN message_queue m ON m.mesh_id = d.mesh_id AND m.seq = d.seq
        WHERE d.mesh_id = ? AND d.client_message_id = ?`,
    )
    .get(meshId, id);
  if (row !== undefined) return recordOf(core, meshId, row);
  const claim = core.sql("SELECT sender FROM void_claim WHERE mesh_id = ? AND client_message_id = ?").get(meshId, id);
  return claim === undefined ? null : { kind: "void", client_message_id: id, sender: String(claim["sender"]) };
}

function recordOf(core: StoreCore, meshId: string, row: Record<string, SQLInputValue>): DedupeRecord {
  const n = row["message_incarnation"];
  return readRecord(core.positionKey, meshId, row, n === null ? null : incarnationName(core, Number(n)));
}

/** The envelope of a stored row. */
export function readEnvelope(text: string): Envelope {
  return JSON.parse(text) as Envelope;
}
