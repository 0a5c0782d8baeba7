import type { ReceiptGroup } from "../../../protocol/frames.ts";
import type { KeptReceipts } from "../store.ts";
import { bigintArray, encodeArray, integerArray, textArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";

// The mesh's row is locked against being deleted: a receipt kept behind that would stay for ever.
const addText = `
  WITH there AS MATERIALIZED (SELECT m.mesh_id FROM mesh.mesh m WHERE m.mesh_id = $1 FOR KEY SHARE)
  INSERT INTO mesh.receipt (mesh_id, recipient, items, receipt_group, kept_at)
  SELECT there.mesh_id, u.recipient, u.items, u.receipt_group, $5
    FROM there, unnest($2::text[], $3::integer[], $4::text[]) WITH ORDINALITY AS u (recipient, items, receipt_group, place)
   ORDER BY u.place`;

// The newest groups that together hold no more than $3 items stay. What somebody else is removing is left to them.
const boundText = `
  DELETE FROM mesh.receipt WHERE (mesh_id, recipient, id) IN (
    SELECT r.mesh_id, r.recipient, r.id FROM mesh.receipt r
      JOIN (SELECT k.recipient, k.id, sum(k.items) OVER (PARTITION BY k.recipient ORDER BY k.id DESC) AS from_newest
              FROM mesh.receipt k WHERE k.mesh_id = $1 AND k.recipient = ANY ($2::text[])) o
        ON r.mesh_id = $1 AND r.recipient = o.recipient AND r.id = o.id
     WHERE o.from_newest > $3 FOR UPDATE OF r SKIP LOCKED)`;

export async function addReceipts(
  core: StoreCore,
  meshId: string,
  groups: readonly ReceiptGroup[],
  options: { keptMax: number; now: number },
): Promise<void> {
  const text = (read: (group: ReceiptGroup) => string) => encodeArray(textArray, groups.map(read));
  const items = encodeArray(
    integerArray,
    groups.map((group) => group.items.length),
  );
  const recipients = encodeArray(textArray, [...new Set(groups.map((group) => group.to))]);
  await core.transaction(async (tx) => {
    const json = text((group) => JSON.stringify(group));
    await tx.rows(addText, [meshId, text((group) => group.to), items, json, options.now]);
    await tx.rows(boundText, [meshId, recipients, options.keptMax]);
  });
}

export async function takeReceipts(
  core: StoreCore,
  meshId: string,
  memberId: string,
  limit: number,
  after = 0,
): Promise<KeptReceipts[]> {
  const rows = await core.rows(
    "SELECT id, receipt_group FROM mesh.receipt WHERE mesh_id = $1 AND recipient = $2 AND id > $4 ORDER BY id LIMIT $3",
    [meshId, memberId, limit, after],
  );
  return rows.map((row) => ({
    receipt_id: Number(row["id"]),
    group: JSON.parse(String(row["receipt_group"])) as ReceiptGroup,
  }));
}

export async function dropReceipts(
  core: StoreCore,
  meshId: string,
  memberId: string,
  receiptIds: readonly number[],
): Promise<void> {
  await core.rows("DELETE FROM mesh.receipt WHERE mesh_id = $1 AND recipient = $2 AND id = ANY ($3::bigint[])", [
    meshId,
    memberId,
    encodeArray(bigintArray, receiptIds),
  ]);
}
