import type { SQLInputValue } from "node:sqlite";
import type { DestinationKey } from "../../../protocol/frames.ts";
import { issuePosition } from "../position-mac.ts";
import { readDestination } from "../destination-column.ts";
import type { LogMessage, RoutedMessage } from "../store.ts";
import { readEnvelope } from "./accept.ts";
import { incarnationName, type StoreCore } from "./core.ts";

/** What a destination owes above `afterSeq`, by the index on it. A member's own topic messages are not sent back to it. */
export function read(
  core: StoreCore,
  meshId: string,
  memberId: string,
  destination: DestinationKey,
  range: { afterSeq: number; limitItems: number; limitBytes: number },
): LogMessage[] {
  const rows =
    destination === "dm"
      ? core
          .sql("SELECT * FROM message_queue WHERE mesh_id = ? AND destination = ? AND seq > ? ORDER BY seq LIMIT ?")
          .iterate(meshId, `dm:${memberId}`, range.afterSeq, range.limitItems)
      : core
          .sql(
            `SELECT m.* FROM message_queue m WHERE m.mesh_id = ? AND m.destination = ? AND m.seq > ? AND m.sender <> ?
               AND EXISTS (SELECT 1 FROM subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = ? AND s.topic_id = ?
                             AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq))
             ORDER BY m.seq LIMIT ?`,
          )
          .iterate(
            meshId,
            destination,
            range.afterSeq,
            memberId,
            memberId,
            destination.slice("topic:".length),
            range.limitItems,
          );
  const found: LogMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += String(row["envelope"]).length;
    // At least one, however large: a message alone must never hold up its destination.
    if (found.length > 0 && bytes > range.limitBytes) break;
    found.push(readMessage(core, meshId, row, destination));
  }
  return found;
}

/** What all links of a mesh have to hear of, in one reading. */
export function readLog(
  core: StoreCore,
  meshId: string,
  range: { afterSeq: number; toSeq: number; limitItems: number; limitBytes: number },
): RoutedMessage[] {
  const found: RoutedMessage[] = [];
  let bytes = 0;
  for (const row of core
    .sql("SELECT * FROM message_queue WHERE mesh_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?")
    .iterate(meshId, range.afterSeq, range.toSeq, range.limitItems)) {
    bytes += String(row["envelope"]).length;
    if (found.length > 0 && bytes > range.limitBytes) break;
    const column = String(row["destination"]);
    const destination = column.startsWith("dm:") ? "dm" : column;
    found.push({ ...readMessage(core, meshId, row, destination), routed: readDestination(column) });
  }
  return found;
}

/** The member (?4) has subscribed to the topic (?2), whose newest key says that late comers read what was before. */
const readsAll = `EXISTS (SELECT 1 FROM epoch_destination d JOIN subscription s ON s.mesh_id = d.mesh_id AND s.topic_id = d.topic_id
   WHERE d.mesh_id = ?1 AND d.destination = ?2 AND d.history = 'all' AND s.member_id = ?4 AND s.last_seq IS NULL)`;

/** Newest first below `beforeSeq`. dm: what the member sent or received. */
export function history(
  core: StoreCore,
  meshId: string,
  memberId: string,
  address: { kind: "dm" } | { kind: "topic"; topic_id: string },
  page: { beforeSeq: number | null; limit: number },
): LogMessage[] {
  const before = page.beforeSeq ?? Number.MAX_SAFE_INTEGER;
  if (address.kind === "dm") {
    return core
      .sql(
        // Each side by its own index; a message to oneself stands on both and is told once.
        `SELECT * FROM (SELECT * FROM message_queue WHERE mesh_id = ? AND destination = ? AND seq < ? ORDER BY seq DESC LIMIT ?)
         UNION
         SELECT * FROM (SELECT * FROM message_queue WHERE mesh_id = ? AND sender = ? AND destination GLOB 'dm:*' AND seq < ? ORDER BY seq DESC LIMIT ?)
         ORDER BY seq DESC LIMIT ?`,
      )
      .all(meshId, `dm:${memberId}`, before, page.limit, meshId, memberId, before, page.limit, page.limit)
      .map((row) => readMessage(core, meshId, row, "dm"));
  }
  const destination = `topic:${address.topic_id}`;
  return core
    .sql(
      `SELECT m.* FROM message_queue m WHERE m.mesh_id = ?1 AND m.destination = ?2 AND m.seq < ?3
         AND (${readsAll} OR EXISTS (SELECT 1 FROM subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = ?4
               AND s.topic_id = ?5 AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq)))
       ORDER BY m.seq DESC LIMIT ?6`,
    )
    .all(meshId, destination, before, memberId, address.topic_id, page.limit)
    .map((row) => readMessage(core, meshId, row, destination));
}

export function messageAt(core: StoreCore, meshId: string, seq: number): LogMessage | null {
  const row = core.sql("SELECT * FROM message_queue WHERE mesh_id = ? AND seq = ?").get(meshId, seq);
  if (row === undefined) return null;
  const destination = String(row["destination"]);
  return readMessage(core, meshId, row, destination.startsWith("dm:") ? "dm" : destination);
}

export function readMessage(
  core: StoreCore,
  meshId: string,
  row: Record<string, SQLInputValue>,
  destination: DestinationKey,
): LogMessage {
  const place = {
    seq: Number(row["seq"]),
    epoch: Number(row["epoch"]),
    broker_message_id: String(row["broker_message_id"]),
  };
  return {
    ...place,
    accepted_at: Number(row["accepted_at"]),
    destination,
    position: issuePosition(core.positionKey, meshId, {
      ...place,
      incarnation: incarnationName(core, Number(row["incarnation"])),
    }),
    envelope: readEnvelope(String(row["envelope"])),
  };
}
