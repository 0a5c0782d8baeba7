import type { ReceiptGroup } from "../../../protocol/frames.ts";
import type { KeptReceipts } from "../store.ts";
import type { StoreCore } from "./core.ts";

export function addReceipts(
  core: StoreCore,
  meshId: string,
  groups: readonly ReceiptGroup[],
  options: { keptMax: number; now: number },
): void {
  core.transaction(() => {
    for (const group of groups) {
      core
        .sql(
          // A receipt kept for a mesh that was deleted meanwhile would stay for ever.
          `INSERT INTO receipt (mesh_id, recipient, items, receipt_group, kept_at)
           SELECT mesh_id, ?, ?, ?, ? FROM mesh WHERE mesh_id = ?`,
        )
        .run(group.to, group.items.length, JSON.stringify(group), options.now, meshId);
    }
    for (const recipient of new Set(groups.map((group) => group.to))) boundTo(core, meshId, recipient, options.keptMax);
  });
}

export function takeReceipts(
  core: StoreCore,
  meshId: string,
  memberId: string,
  limit: number,
  after = 0,
): KeptReceipts[] {
  return core
    .sql("SELECT id, receipt_group FROM receipt WHERE mesh_id = ? AND recipient = ? AND id > ? ORDER BY id LIMIT ?")
    .all(meshId, memberId, after, limit)
    .map((row) => ({
      receipt_id: Number(row["id"]),
      group: JSON.parse(String(row["receipt_group"])) as ReceiptGroup,
    }));
}

export function dropReceipts(core: StoreCore, meshId: string, memberId: string, receiptIds: readonly number[]): void {
  core.transaction(() => {
    for (const id of receiptIds)
      core.sql("DELETE FROM receipt WHERE mesh_id = ? AND recipient = ? AND id = ?").run(meshId, memberId, id);
  });
}

/** Keeps the newest groups that together hold no more than `keptMax` items. */
function boundTo(core: StoreCore, meshId: string, recipient: string, keptMax: number): void {
  core
    .sql(
      `DELETE FROM receipt WHERE mesh_id = ? AND recipient = ? AND id IN (
         SELECT id FROM (SELECT id, sum(items) OVER (ORDER BY id DESC) AS from_newest FROM receipt WHERE mesh_id = ? AND recipient = ?)
          WHERE from_newest > ?)`,
    )
    .run(meshId, recipient, meshId, recipient, keptMax);
}
