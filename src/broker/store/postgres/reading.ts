import type { DestinationKey } from "../../../protocol/frames.ts";
import { readDestination } from "../destination-column.ts";
import { issuePosition } from "../position-mac.ts";
import type { LogMessage, RoutedMessage } from "../store.ts";
import { incarnationName, type Row, type StoreCore } from "./core.ts";
import { readEnvelope, storedColumns } from "./stored-envelope.ts";
import { uuidOrNone } from "./uuid.ts";

export const messageColumns = `m.seq, m.epoch, m.incarnation, m.broker_message_id, m.accepted_at, ${storedColumns}`;

const withinInterval = `EXISTS (SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = $3 AND s.topic_id = $4
       AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq))`;

/**
 * Cuts what `due` gives at a number of bytes before it is sent, but never to nothing: a message alone, however large, must
 * not hold up its destination. Sizes are known without reading the envelopes.
 */
function cut(due: string, limitBytes: string): string {
  return `SELECT ${messageColumns} FROM (
      SELECT d.*, sum(octet_length(d.envelope)) OVER (ORDER BY d.seq) AS bytes, row_number() OVER (ORDER BY d.seq) AS place
        FROM (${due}) d) m
     WHERE m.bytes <= ${limitBytes} OR m.place = 1 ORDER BY m.seq`;
}

const readDmText = cut(
  `SELECT ${messageColumns} FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.destination = $2 AND m.seq > $3
    ORDER BY m.seq LIMIT $4`,
  "$5",
);
const readTopicText = cut(
  `SELECT ${messageColumns} FROM mesh.message_queue m
    WHERE m.mesh_id = $1 AND m.destination = $2 AND m.sender <> $3 AND ${withinInterval} AND m.seq > $5 ORDER BY m.seq LIMIT $6`,
  "$7",
);

/** What a destination owes above `afterSeq`, by the index on it. A member's own topic messages are not sent back to it. */
export async function read(
  core: StoreCore,
  meshId: string,
  memberId: string,
  destination: DestinationKey,
  { afterSeq, limitItems, limitBytes }: { afterSeq: number; limitItems: number; limitBytes: number },
): Promise<LogMessage[]> {
  if (destination === "dm") {
    const rows = await core.rows(readDmText, [meshId, `dm:${memberId}`, afterSeq, limitItems, limitBytes]);
    return readMessages(core, meshId, rows, destination);
  }
  const topicId = uuidOrNone(destination.slice("topic:".length));
  const values = [meshId, destination, memberId, topicId, afterSeq, limitItems, limitBytes];
  return readMessages(core, meshId, await core.rows(readTopicText, values), destination);
}

// Each side of the direct messages by its own index; a message to oneself stands on both and is told once.
const historyDmText = `
  SELECT ${messageColumns} FROM (
    (SELECT ${messageColumns} FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.destination = $2 AND m.seq < $4
      ORDER BY m.seq DESC LIMIT $5)
    UNION ALL
    (SELECT ${messageColumns} FROM mesh.message_queue m
      WHERE m.mesh_id = $1 AND m.sender = $3 AND m.destination LIKE 'dm:%' AND m.destination <> $2 AND m.seq < $4
      ORDER BY m.seq DESC LIMIT $5)) m
   ORDER BY m.seq DESC LIMIT $5`;
// To a present subscriber the newest key of the topic says whether late comers read what was before.
const historyTopicText = `
  SELECT ${messageColumns} FROM mesh.message_queue m
   WHERE m.mesh_id = $1 AND m.destination = $2 AND m.seq < $5 AND (${withinInterval} OR EXISTS (
       SELECT 1 FROM mesh.epoch_destination d JOIN mesh.subscription s ON s.mesh_id = d.mesh_id AND s.topic_id = d.topic_id
        WHERE d.mesh_id = $1 AND d.destination = $2 AND d.history = 'all' AND s.member_id = $3 AND s.last_seq IS NULL))
   ORDER BY m.seq DESC LIMIT $6`;

/** Newest first below `beforeSeq`. dm: what the member sent or received. */
export async function history(
  core: StoreCore,
  meshId: string,
  memberId: string,
  address: { kind: "dm" } | { kind: "topic"; topic_id: string },
  page: { beforeSeq: number | null; limit: number },
): Promise<LogMessage[]> {
  const before = page.beforeSeq ?? Number.MAX_SAFE_INTEGER;
  if (address.kind === "dm") {
    const rows = await core.rows(historyDmText, [meshId, `dm:${memberId}`, memberId, before, page.limit]);
    return readMessages(core, meshId, rows, "dm");
  }
  const destination = `topic:${address.topic_id}`;
  const values = [meshId, destination, memberId, uuidOrNone(address.topic_id), before, page.limit];
  return readMessages(core, meshId, await core.rows(historyTopicText, values), destination);
}

/** The message at a place, whoever it is for. */
export async function messageAt(core: StoreCore, meshId: string, seq: number): Promise<LogMessage | null> {
  const text = `SELECT ${messageColumns} FROM mesh.message_queue m WHERE m.mesh_id = $1 AND m.seq = $2`;
  const [message] = await readPlaced(core, meshId, await core.rows(text, [meshId, seq]));
  return message ?? null;
}

/** Rows that name their own destination, beside {@link messageColumns}. */
export async function readPlaced(core: StoreCore, meshId: string, rows: readonly Row[]): Promise<LogMessage[]> {
  const messages = await readMessages(core, meshId, rows, dmDestination);
  return messages.map((message, index) => {
    const column = String(rows[index]?.["destination"]);
    return column.startsWith("dm:") ? message : { ...message, destination: column };
  });
}

const readLogText = `
  SELECT ${messageColumns} FROM (
    SELECT d.*, sum(octet_length(d.envelope)) OVER (ORDER BY d.seq) AS bytes, row_number() OVER (ORDER BY d.seq) AS place
      FROM (SELECT * FROM mesh.message_queue q WHERE q.mesh_id = $1 AND q.seq > $2 AND q.seq <= $3 ORDER BY q.seq LIMIT $4) d) m
   WHERE m.bytes <= $5 OR m.place = 1 ORDER BY m.seq`;

/** What all links of a mesh have to hear of, in one reading. */
export async function readLog(
  core: StoreCore,
  meshId: string,
  {
    afterSeq,
    toSeq,
    limitItems,
    limitBytes,
  }: { afterSeq: number; toSeq: number; limitItems: number; limitBytes: number },
): Promise<RoutedMessage[]> {
  const rows = await core.rows(readLogText, [meshId, afterSeq, toSeq, limitItems, limitBytes]);
  const messages = await readMessages(core, meshId, rows, dmDestination);
  return messages.map((message, index) => {
    const column = String(rows[index]?.["destination"]);
    const destination = column.startsWith("dm:") ? dmDestination : column;
    return { ...message, destination, routed: readDestination(column) };
  });
}

const dmDestination: DestinationKey = "dm";

/** Rows of the log with {@link messageColumns}. */
export async function readMessages(
  core: StoreCore,
  meshId: string,
  rows: readonly Row[],
  destination: DestinationKey,
): Promise<LogMessage[]> {
  for (const n of new Set(rows.map((row) => Number(row["incarnation"])))) await incarnationName(core, n);
  return rows.map((row) => {
    const place = {
      seq: Number(row["seq"]),
      epoch: Number(row["epoch"]),
      broker_message_id: String(row["broker_message_id"]),
    };
    const incarnation = core.incarnations.get(Number(row["incarnation"])) ?? "";
    return {
      ...place,
      accepted_at: Number(row["accepted_at"]),
      destination,
      position: issuePosition(core.positionKey, meshId, { ...place, incarnation }),
      envelope: readEnvelope(meshId, row),
    };
  });
}
