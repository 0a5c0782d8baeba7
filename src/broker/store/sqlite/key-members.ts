import type { StoreCore } from "./core.ts";
import { noteArrival, noteDeparture, noteMayLack } from "./keys.ts";

/** What keys of topics and queues are sealed to for a member from now on. Call inside a transaction. */
export function setSealingKey(core: StoreCore, meshId: string, memberId: string, x25519: string): void {
  core
    .sql(
      `INSERT INTO key_member (mesh_id, member_id, x25519) VALUES (?, ?, ?)
       ON CONFLICT (mesh_id, member_id) DO UPDATE SET x25519 = excluded.x25519`,
    )
    .run(meshId, memberId, x25519);
  noteMayLack(core, meshId, memberId);
}

/** Of the queues that have keys, a member leaves those that it may use no more, and comes to those that it may use now. Call inside a transaction. */
export function limitQueues(
  core: StoreCore,
  meshId: string,
  memberId: string,
  destinations: readonly string[] | null,
): void {
  const before = core.sql("SELECT queues FROM key_member WHERE mesh_id = ? AND member_id = ?").get(meshId, memberId)?.[
    "queues"
  ];
  const old = typeof before === "string" ? (JSON.parse(before) as string[]) : null;
  core
    .sql(
      `INSERT INTO key_member (mesh_id, member_id, queues) VALUES (?, ?, ?)
       ON CONFLICT (mesh_id, member_id) DO UPDATE SET queues = excluded.queues`,
    )
    .run(meshId, memberId, destinations === null ? null : JSON.stringify(destinations));
  const withKeys = core
    .sql("SELECT destination FROM epoch_destination WHERE mesh_id = ? AND topic_id IS NULL ORDER BY destination")
    .all(meshId);
  for (const row of withKeys) {
    const queue = String(row["destination"]);
    const [might, may] = [old?.includes(queue) ?? true, destinations?.includes(queue) ?? true];
    if (might && !may) noteDeparture(core, meshId, memberId, queue);
    if (!might && may) noteArrival(core, meshId, memberId, queue);
  }
}
