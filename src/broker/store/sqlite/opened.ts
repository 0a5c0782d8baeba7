import type { StoreCore } from "./core.ts";

/** Whether the membership chain opens a topic or queue (`#name`, `queue:name`) for unsealed messages; it may do so before that is there. */
export function isOpened(core: StoreCore, meshId: string, destination: string): boolean {
  return (
    core
      .sql("SELECT 1 AS yes FROM opened_destination WHERE mesh_id = ? AND destination = ?")
      .get(meshId, destination) !== undefined
  );
}

/** Call inside a transaction. */
export function writeOpened(core: StoreCore, meshId: string, destination: string, unsealed: boolean): void {
  const text = unsealed
    ? "INSERT INTO opened_destination (mesh_id, destination) VALUES (?, ?) ON CONFLICT DO NOTHING"
    : "DELETE FROM opened_destination WHERE mesh_id = ? AND destination = ?";
  core.sql(text).run(meshId, destination);
}
