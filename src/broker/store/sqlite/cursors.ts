import type { DestinationKey } from "../../../protocol/frames.ts";
import type { CursorRow } from "../store.ts";
import type { StoreCore } from "./core.ts";

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
