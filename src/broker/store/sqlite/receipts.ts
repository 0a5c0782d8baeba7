import type { ReceiptItem } from "../../../protocol/frames.ts";
import type { StoreCore } from "./core.ts";

const ranks: Readonly<Record<ReceiptItem["state"], number>> = { undecryptable: 0, delivered: 1, injected: 2, read: 3 };

export function addReceipts(
  core: StoreCore,
  meshId: string,
  items: readonly ReceiptItem[],
  options: { keptMax: number; now: number },
): void {
  core.transaction(() => {
    for (const item of items) {
      core
        .sql(
          `INSERT INTO receipt (mesh_id, recipient, sender, client_message_id, item, rank, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (mesh_id, recipient, sender, client_message_id)
           DO UPDATE SET item = excluded.item, rank = excluded.rank, kept_at = excluded.kept_at WHERE excluded.rank >= rank`,
        )
        .run(meshId, item.to, item.from, item.client_message_id, JSON.stringify(item), ranks[item.state], options.now);
    }
    for (const recipient of new Set(items.map((item) => item.to))) {
      const kept = Number(
        core.sql("SELECT count(*) AS n FROM receipt WHERE mesh_id = ? AND recipient = ?").get(meshId, recipient)?.["n"],
      );
      if (kept > options.keptMax) remove(core, meshId, oldest(core, meshId, recipient, kept - options.keptMax));
    }
  });
}

export function takeReceipts(core: StoreCore, meshId: string, memberId: string, limit: number): ReceiptItem[] {
  if (
    core.sql("SELECT 1 AS yes FROM receipt WHERE mesh_id = ? AND recipient = ? LIMIT 1").get(meshId, memberId) ===
    undefined
  )
    return [];
  return core.transaction(() => {
    const items = oldest(core, meshId, memberId, limit);
    remove(core, meshId, items);
    return items;
  });
}

function oldest(core: StoreCore, meshId: string, recipient: string, limit: number): ReceiptItem[] {
  return core
    .sql("SELECT item FROM receipt WHERE mesh_id = ? AND recipient = ? ORDER BY kept_at LIMIT ?")
    .all(meshId, recipient, limit)
    .map((row) => JSON.parse(String(row["item"])) as ReceiptItem);
}

function remove(core: StoreCore, meshId: string, items: readonly ReceiptItem[]): void {
  for (const item of items) {
    core
      .sql("DELETE FROM receipt WHERE mesh_id = ? AND recipient = ? AND sender = ? AND client_message_id = ?")
      .run(meshId, item.to, item.from, item.client_message_id);
  }
}
