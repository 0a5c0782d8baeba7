import type { SharedStore, Swept, SweptLink } from "../shared-store.ts";
import { bigintArray, encodeArray, textArray, uuidArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";
import { memberColumns, readMember } from "./directory.ts";
import { beginIncarnation } from "./epochs.ts";
import { uuidOrNone } from "./uuid.ts";

/** A lease that ended so long ago is forgotten. */
const forgottenAfterMs = 3_600_000;

/** The broker's own lease in this database; the server's present life is noticed by the way. */
export async function extendLease(core: StoreCore, now: number, until: number): ReturnType<SharedStore["extendLease"]> {
  await beginIncarnation(core);
  const { instanceId } = core.options;
  await core.rows(
    `INSERT INTO mesh.broker_lease (instance_id, lease_until, started_at) VALUES ($1, $2, $3)
     ON CONFLICT (instance_id) DO UPDATE SET lease_until = excluded.lease_until`,
    [instanceId, until, now],
  );
  await core.rows("DELETE FROM mesh.broker_lease WHERE lease_until < $1", [now - forgottenAfterMs]);
  const live = await core.rows(
    "SELECT instance_id FROM mesh.broker_lease WHERE lease_until > $1 ORDER BY started_at, instance_id",
    [now],
  );
  return { live: live.length, eldest: live[0]?.["instance_id"] === instanceId };
}

/** A link counts as held while its broker's lease lasts, so this ends all of them. */
export async function endLease(core: StoreCore): Promise<void> {
  await core.rows("DELETE FROM mesh.broker_lease WHERE instance_id = $1", [core.options.instanceId]);
}

export async function linkClosed(core: StoreCore, meshId: string, memberId: string, linkEpoch: number): Promise<void> {
  await core.rows(
    `UPDATE mesh.member SET linked_by = NULL
      WHERE mesh_id = $1 AND member_id = $2 AND link_epoch = $3 AND linked_by = $4`,
    [meshId, memberId, linkEpoch, core.options.instanceId],
  );
}

const headsText = "SELECT h.mesh_id, h.epoch, h.seq FROM mesh.mesh_head h WHERE h.mesh_id = ANY ($1::uuid[])";
// A member that is not there any more went with its mesh.
const endedText = `
  SELECT l.mesh_id, l.member_id, m.status IS DISTINCT FROM 'active' AS revoked
    FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS l (mesh_id, member_id, link_epoch)
    LEFT JOIN mesh.member m ON m.mesh_id = l.mesh_id AND m.member_id = l.member_id
   WHERE m.status IS DISTINCT FROM 'active' OR m.link_epoch <> l.link_epoch`;
const owedText = `
  SELECT l.mesh_id, l.member_id FROM unnest($1::uuid[], $2::text[]) AS l (mesh_id, member_id)
   WHERE EXISTS (SELECT 1 FROM mesh.receipt r WHERE r.mesh_id = l.mesh_id AND r.recipient = l.member_id)
      OR EXISTS (SELECT 1 FROM mesh.notice n WHERE n.mesh_id = l.mesh_id AND n.member = l.member_id)`;
const offlineText = `
  SELECT ${memberColumns} FROM mesh.member WHERE mesh_id = ANY ($1::uuid[]) AND online_until > $2 AND online_until <= $3`;

export async function sweep(
  core: StoreCore,
  links: readonly SweptLink[],
  window: { from: number; to: number },
): Promise<Swept> {
  const meshIds = links.map((link) => uuidOrNone(link.mesh_id));
  const meshes = encodeArray(uuidArray, [...new Set(meshIds)]);
  const linkMeshes = encodeArray(uuidArray, meshIds);
  const members = encodeArray(
    textArray,
    links.map((link) => link.member_id),
  );
  const epochs = encodeArray(
    bigintArray,
    links.map((link) => link.link_epoch),
  );
  return core.connections.query(async (sql) => {
    const heads = await sql.rows(headsText, [meshes]);
    const ended = await sql.rows(endedText, [linkMeshes, members, epochs]);
    const owed = await sql.rows(owedText, [linkMeshes, members]);
    const offline = await sql.rows(offlineText, [meshes, window.from, window.to]);
    return {
      heads: heads.map((row) => ({
        mesh_id: String(row["mesh_id"]),
        epoch: Number(row["epoch"]),
        seq: Number(row["seq"]),
      })),
      ended: ended.map((row) => ({
        mesh_id: String(row["mesh_id"]),
        member_id: String(row["member_id"]),
        revoked: row["revoked"] === true,
      })),
      owed: owed.map((row) => ({ mesh_id: String(row["mesh_id"]), member_id: String(row["member_id"]) })),
      offline: offline.map(readMember),
    };
  });
}
