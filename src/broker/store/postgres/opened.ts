import type { Sql } from "./core.ts";

/** Whether the membership chain opens a topic or queue (`#name`, `queue:name`) for unsealed messages; it may do so before that is there. */
export async function isOpened(tx: Sql, meshId: string, destination: string): Promise<boolean> {
  const rows = await tx.rows("SELECT 1 FROM mesh.opened_destination WHERE mesh_id = $1 AND destination = $2", [
    meshId,
    destination,
  ]);
  return rows.length > 0;
}

/** Call it under the mesh's lock. */
export async function writeOpened(tx: Sql, meshId: string, destination: string, unsealed: boolean): Promise<void> {
  const text = unsealed
    ? "INSERT INTO mesh.opened_destination (mesh_id, destination) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    : "DELETE FROM mesh.opened_destination WHERE mesh_id = $1 AND destination = $2";
  await tx.rows(text, [meshId, destination]);
}
