import type { LogMessage } from "../store.ts";
import { readEnvelope } from "./accept.ts";
import type { StoreCore } from "./core.ts";
import { readMessage } from "./reading.ts";

export function mentions(
  core: StoreCore,
  meshId: string,
  memberId: string,
  page: { beforeSeq: number | null; limit: number },
): LogMessage[] {
  return core
    .sql(
      `SELECT m.* FROM mention_index i JOIN message_queue m ON m.mesh_id = i.mesh_id AND m.seq = i.seq
        WHERE i.mesh_id = ?1 AND i.member = ?2 AND i.seq < ?3
          AND (m.destination = 'dm:' || ?2
            OR (m.destination GLOB 'dm:*' AND m.sender = ?2)
            OR (m.destination GLOB 'topic:*' AND EXISTS (
              SELECT 1 FROM subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = ?2 AND s.topic_id = substr(m.destination, 7)
                 AND m.seq > s.first_seq AND (s.last_seq IS NULL OR m.seq <= s.last_seq))))
        ORDER BY i.seq DESC LIMIT ?4`,
    )
    .all(meshId, memberId, page.beforeSeq ?? Number.MAX_SAFE_INTEGER, page.limit)
    .map((row) => {
      const destination = String(row["destination"]);
      return readMessage(core, meshId, row, destination.startsWith("dm:") ? "dm" : destination);
    });
}

/** One transaction a chunk, which accepting waits for; the index is never seen between what was wrong and what is right. */
export function repairMentions(
  core: StoreCore,
  meshId: string,
  afterSeq: number,
  options: { limit: number; dryRun: boolean },
): { added: number; removed: number; next: number | null } {
  return core.transaction(() => {
    const head = Number(core.sql("SELECT seq FROM mesh_head WHERE mesh_id = ?").get(meshId)?.["seq"] ?? 0);
    const to = afterSeq + options.limit;
    const next = to < head ? to : null;
    const wrong = compareMentions(core, meshId, afterSeq, next ?? Number.MAX_SAFE_INTEGER);
    if (!options.dryRun) {
      for (const { member, seq } of wrong.superfluous)
        core.sql("DELETE FROM mention_index WHERE mesh_id = ? AND member = ? AND seq = ?").run(meshId, member, seq);
      for (const { member, seq } of wrong.missing)
        core.sql("INSERT INTO mention_index (mesh_id, member, seq) VALUES (?, ?, ?)").run(meshId, member, seq);
    }
    return { added: wrong.missing.length, removed: wrong.superfluous.length, next };
  });
}

export interface Mention {
  readonly member: string;
  readonly seq: number;
}

/**
 * The index against the envelopes, for seq in (after, to]: what an envelope says and the index does not, and the reverse
 * for messages that there are. `superfluous` has also what belongs to no message.
 */
export function compareMentions(
  core: StoreCore,
  meshId: string,
  afterSeq: number,
  to: number,
): { missing: readonly Mention[]; superfluous: readonly Mention[] } {
  const said = new Map<string, Mention>();
  for (const row of core
    .sql(
      `SELECT seq, envelope FROM message_queue
        WHERE mesh_id = ? AND seq > ? AND seq <= ? AND envelope NOT LIKE '%"mentions":[]%'`,
    )
    .iterate(meshId, afterSeq, to)) {
    const seq = Number(row["seq"]);
    for (const member of readEnvelope(String(row["envelope"])).mentions) said.set(`${seq} ${member}`, { member, seq });
  }
  const superfluous: Mention[] = [];
  for (const row of core
    .sql("SELECT member, seq FROM mention_index WHERE mesh_id = ? AND seq > ? AND seq <= ? ORDER BY seq")
    .iterate(meshId, afterSeq, to)) {
    const mention = { member: String(row["member"]), seq: Number(row["seq"]) };
    if (!said.delete(`${mention.seq} ${mention.member}`)) superfluous.push(mention);
  }
  return { missing: [...said.values()], superfluous };
}
