import { encodeArray, textArray } from "./binary-array.ts";
import type { Sql } from "./core.ts";
import { noteArrival, noteDeparture, noteMayLack } from "./keys.ts";

/** What keys of topics and queues are sealed to for a member from now on. Call it under the mesh's lock. */
export async function setSealingKey(tx: Sql, meshId: string, memberId: string, x25519: string): Promise<void> {
  await tx.rows(
    `INSERT INTO mesh.key_member (mesh_id, member_id, x25519) VALUES ($1, $2, $3)
     ON CONFLICT (mesh_id, member_id) DO UPDATE SET x25519 = excluded.x25519`,
    [meshId, memberId, x25519],
  );
  await noteMayLack(tx, meshId, memberId);
}

/** Of the queues that have keys, a member leaves those that it may use no more, and comes to those that it may use now. Call it under the mesh's lock. */
export async function limitQueues(
  tx: Sql,
  meshId: string,
  memberId: string,
  destinations: readonly string[] | null,
): Promise<void> {
  const [before] = await tx.rows("SELECT queues FROM mesh.key_member WHERE mesh_id = $1 AND member_id = $2", [
    meshId,
    memberId,
  ]);
  const old = (before?.["queues"] ?? null) as readonly string[] | null;
  await tx.rows(
    `INSERT INTO mesh.key_member (mesh_id, member_id, queues) VALUES ($1, $2, $3::text[])
     ON CONFLICT (mesh_id, member_id) DO UPDATE SET queues = excluded.queues`,
    [meshId, memberId, destinations === null ? null : encodeArray(textArray, destinations)],
  );
  const withKeys = await tx.rows(
    "SELECT destination FROM mesh.epoch_destination WHERE mesh_id = $1 AND topic_id IS NULL ORDER BY destination",
    [meshId],
  );
  for (const row of withKeys) {
    const queue = String(row["destination"]);
    const [might, may] = [old?.includes(queue) ?? true, destinations?.includes(queue) ?? true];
    if (might && !may) await noteDeparture(tx, meshId, memberId, queue);
    if (!might && may) await noteArrival(tx, meshId, memberId, queue);
  }
}
