import type { SharedStore, Swept, SweptLink } from "../shared-store.ts";
import { bigintArray, encodeArray, textArray, uuidArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";
import { memberColumns, readMember } from "./directory.ts";

/** Leases that ended so long ago that nobody asks for them any more. */
const forgetLeasesMs = 3_600_000;

/** `open` gives the open store or throws. */
export function createSharedStore(open: () => StoreCore): SharedStore {
  return {
    async extendLease(now, until) {
      const core = open();
      const { instanceId } = core.options;
      await core.rows(
        `INSERT INTO mesh.broker_lease (instance_id, lease_until, started_at) VALUES ($1, $2, $3)
         ON CONFLICT (instance_id) DO UPDATE SET lease_until = excluded.lease_until`,
        [instanceId, until, now],
      );
      await core.rows("DELETE FROM mesh.broker_lease WHERE lease_until < $1", [now - forgetLeasesMs]);
      const live = await core.rows(
        "SELECT instance_id FROM mesh.broker_lease WHERE lease_until > $1 ORDER BY started_at, instance_id",
        [now],
      );
      return { live: live.length, eldest: live[0]?.["instance_id"] === instanceId };
    },
    async endLease() {
      const core = open();
      await core.rows("DELETE FROM mesh.broker_lease WHERE instance_id = $1", [core.options.instanceId]);
    },
    async linkClosed(meshId, memberId, linkEpoch) {
      await open().rows(
        "UPDATE mesh.member SET linked_by = NULL WHERE mesh_id = $1 AND member_id = $2 AND link_epoch = $3",
        [meshId, memberId, linkEpoch],
      );
    },
    sweep: (links, window) => sweep(open(), links, window),
    onNewLife: (listener) => void open().newLifeListeners.push(listener),
  };
}

async function sweep(
  core: StoreCore,
  links: readonly SweptLink[],
  window: { from: number; to: number },
): Promise<Swept> {
  const meshIds = encodeArray(uuidArray, [...new Set(links.map(({ mesh_id }) => mesh_id))]);
  const columns = [
    encodeArray(
      uuidArray,
      links.map(({ mesh_id }) => mesh_id),
    ),
    encodeArray(
      textArray,
      links.map(({ member_id }) => member_id),
    ),
  ];
  const epochs = encodeArray(
    bigintArray,
    links.map(({ link_epoch }) => link_epoch),
  );
  const heads = await core.rows(
    "SELECT h.mesh_id, h.epoch, h.seq FROM unnest($1::uuid[]) AS u (mesh_id) JOIN mesh.mesh_head h ON h.mesh_id = u.mesh_id",
    [meshIds],
  );
  const ended = await core.rows(
    `SELECT u.mesh_id, u.member_id, u.link_epoch, m.status IS DISTINCT FROM 'active' AS revoked
       FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS u (mesh_id, member_id, link_epoch)
       LEFT JOIN mesh.member m ON m.mesh_id = u.mesh_id AND m.member_id = u.member_id
      WHERE m.status IS DISTINCT FROM 'active' OR m.link_epoch > u.link_epoch`,
    [...columns, epochs],
  );
  const owed = await core.rows(
    `SELECT u.mesh_id, u.member_id FROM unnest($1::uuid[], $2::text[]) AS u (mesh_id, member_id)
      WHERE EXISTS (SELECT 1 FROM mesh.receipt r WHERE r.mesh_id = u.mesh_id AND r.recipient = u.member_id)
         OR EXISTS (SELECT 1 FROM mesh.notice n WHERE n.mesh_id = u.mesh_id AND n.member = u.member_id)`,
    columns,
  );
  const offline = await core.rows(
    `SELECT ${memberColumns} FROM mesh.member
      WHERE mesh_id = ANY ($1::uuid[]) AND online_until > $2 AND online_until <= $3 AND status = 'active'`,
    [meshIds, window.from, window.to],
  );
  return {
    heads: heads.map((row) => ({
      mesh_id: String(row["mesh_id"]),
      epoch: Number(row["epoch"]),
      seq: Number(row["seq"]),
    })),
    ended: ended.map((row) => ({
      mesh_id: String(row["mesh_id"]),
      member_id: String(row["member_id"]),
      link_epoch: Number(row["link_epoch"]),
      revoked: row["revoked"] === true,
    })),
    owed: owed.map((row) => ({ mesh_id: String(row["mesh_id"]), member_id: String(row["member_id"]) })),
    offline: offline.map(readMember),
  };
}
