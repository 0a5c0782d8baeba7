import type { SQLInputValue } from "node:sqlite";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { MeshRow } from "../store.ts";
import type { StoreCore } from "./core.ts";
import { insertTopic, systemTopic } from "./topics.ts";

export function createMesh(core: StoreCore, input: { mesh_id: string; slug: string; now: number }): MeshRow {
  return core.transaction(() => {
    const existing = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(input.mesh_id);
    if (existing !== undefined) return readMesh(existing);
    if (core.sql("SELECT 1 AS yes FROM mesh WHERE slug = ?").get(input.slug) !== undefined) {
      throw new ClaudemeshError("already_exists", `a mesh "${input.slug}" exists already`);
    }
    core.sql("INSERT INTO mesh (mesh_id, slug, created_at) VALUES (?, ?, ?)").run(input.mesh_id, input.slug, input.now);
    core.sql("INSERT INTO mesh_head (mesh_id, epoch, seq) VALUES (?, 1, 0)").run(input.mesh_id);
    core
      .sql("INSERT INTO mesh_incarnation (mesh_id, n, incarnation, started_at, head) VALUES (?, ?, ?, ?, 0)")
      .run(input.mesh_id, core.incarnation.n, core.incarnation.id, input.now);
    insertTopic(core, { mesh_id: input.mesh_id, name: systemTopic, created_by: "", now: input.now });
    return { mesh_id: input.mesh_id, slug: input.slug, created_at: input.now };
  });
}

export function listMeshes(core: StoreCore): MeshRow[] {
  return core.sql("SELECT * FROM mesh ORDER BY slug").all().map(readMesh);
}

export function meshById(core: StoreCore, meshId: string): MeshRow | null {
  const row = core.sql("SELECT * FROM mesh WHERE mesh_id = ?").get(meshId);
  return row === undefined ? null : readMesh(row);
}

const meshTables = [
  "mention_index", "delivery_queue", "notice", "receipt", "client_message_dedupe", "void_claim", "message_queue", "cursor", "subscription",
  "topic", "member", "log_break", "mesh_incarnation", "mesh_head", "mesh",
] as const;

export function deleteMesh(core: StoreCore, meshId: string): void {
  core.transaction(() => {
    for (const table of meshTables) core.sql(`DELETE FROM ${table} WHERE mesh_id = ?`).run(meshId);
  });
}

function readMesh(row: Record<string, SQLInputValue>): MeshRow {
  return { mesh_id: String(row["mesh_id"]), slug: String(row["slug"]), created_at: Number(row["created_at"]) };
}
