import type { SQLInputValue } from "node:sqlite";
import type { DestinationKey } from "../../../protocol/frames.ts";
import { issuePosition } from "../position-mac.ts";
import { readDestination } from "../destination-column.ts";
import type { CursorRow, LogMessage, RoutedMessage } from "../store.ts";
import { readEnvelope } from "./accept.ts";
import { incarnationName, type StoreCore } from "./core.ts";

/** The member's destinations with its cursors; an ended subscription only while it still owes something. */
export function cursors(core: StoreCore, meshId: string, memberId: string): CursorRow[] {
  const rows = core
    .sql("SELECT destination, seq FROM cursor WHERE mesh_id = ? AND member_id = ?")
    .all(meshId, memberId);
  const found: CursorRow[] = [];
  for (const row of rows) {
    const destination = String(row["destination"]);
    const seq = Number(row["seq"]);
    const lastSeq = destination === "dm" ? null : lastOf(core, meshId, memberId, destination.slice("topic:".length));
    if (lastSeq === null || lastSeq > seq) found.push({ destination, seq, lastSeq });
  }
  return found;
}

/** Where the newest interval of a topic ends; null while it is open. */
function lastOf(core: StoreCore, meshId: string, memberId: string, topicId: string): number | null {
  const row = core
    .sql(
      "SELECT last_seq FROM subscription WHERE mesh_id = ? AND member_id = ? AND topic_id = ? ORDER BY first_seq DESC LIMIT 1",
    )
    .get(meshId, memberId, topicId);
  return row === undefined || row["last_seq"] === null ? null : Number(row["last_seq"]);
}

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
      `SELECT m.* FROM message_queue m WHERE m.mesh_id = ? AND m.destination = ? AND m.seq < ?
         AND EXISTS (SELECT 1 FROM subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = ? AND s.topic_id = ?
                       AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq))
       ORDER BY m.seq DESC LIMIT ?`,
    )
    .all(meshId, destination, before, memberId, address.topic_id, page.limit)
    .map((row) => readMessage(core, meshId, row, destination));
}

/** See BrokerStore.sentToTopics. */
export function sentToTopics(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { since, newestOf }: { since: number; newestOf: number },
): { topic_id: string; seq: number; client_message_id: string }[] {
  const topics = core
    .sql("SELECT destination FROM cursor WHERE mesh_id = ? AND member_id = ? AND destination GLOB 'topic:*'")
    .all(meshId, memberId);
  const newest = core.sql(
    `SELECT seq, client_message_id FROM (
       SELECT seq, client_message_id, sender, accepted_at FROM message_queue
        WHERE mesh_id = ? AND destination = ? ORDER BY seq DESC LIMIT ?)
      WHERE sender = ? AND accepted_at >= ? AND client_message_id IS NOT NULL`,
  );
  return topics
    .flatMap((row) =>
      newest.all(meshId, row["destination"] ?? null, newestOf, memberId, since).map((sent) => ({
        topic_id: String(row["destination"]).slice("topic:".length),
        seq: Number(sent["seq"]),
        client_message_id: String(sent["client_message_id"]),
      })),
    )
    .sort((a, b) => a.seq - b.seq);
}

export function messageAt(core: StoreCore, meshId: string, seq: number): LogMessage | null {
  const row = core.sql("SELECT * FROM message_queue WHERE mesh_id = ? AND seq = ?").get(meshId, seq);
  if (row === undefined) return null;
  const destination = String(row["destination"]);
  return readMessage(core, meshId, row, destination.startsWith("dm:") ? "dm" : destination);
}

export function acknowledge(
  core: StoreCore,
  meshId: string,
  memberId: string,
  linkEpoch: number,
  acks: readonly { destination: DestinationKey; seq: number }[],
  life = core.incarnation.id,
): boolean {
  if (life !== core.incarnation.id) return false;
  return core.transaction(() => {
    const row = core.sql("SELECT link_epoch FROM member WHERE mesh_id = ? AND member_id = ?").get(meshId, memberId);
    if (row?.["link_epoch"] !== linkEpoch) return false;
    const head = Number(core.sql("SELECT seq FROM mesh_head WHERE mesh_id = ?").get(meshId)?.["seq"] ?? 0);
    for (const { destination, seq } of acks) {
      core
        .sql("UPDATE cursor SET seq = ? WHERE mesh_id = ? AND member_id = ? AND destination = ? AND seq < ?")
        .run(Math.min(seq, head), meshId, memberId, destination, Math.min(seq, head));
    }
    return true;
  });
}

export function topicProgress(
  core: StoreCore,
  meshId: string,
  topicId: string,
  seq: number,
  sender: string,
): { reached: number; of: number } {
  const row = core
    .sql(
      `SELECT count(*) AS total, coalesce(sum(c.seq >= ?), 0) AS reached FROM subscription s
         JOIN cursor c ON c.mesh_id = s.mesh_id AND c.member_id = s.member_id AND c.destination = 'topic:' || s.topic_id
        WHERE s.mesh_id = ? AND s.topic_id = ? AND s.last_seq IS NULL AND s.first_seq < ? AND s.member_id <> ?`,
    )
    .get(seq, meshId, topicId, seq, sender);
  return { reached: Number(row?.["reached"]), of: Number(row?.["total"]) };
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
