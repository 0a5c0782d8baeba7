import type { EndedLink, HeldLink, HeldMember, LinkEnd, SharedStore } from "../shared-store.ts";
import { sendingEpochFrom } from "../link-store.ts";
import { readMembershipHead } from "../membership-rows.ts";
import { readKick, readMember } from "../read-row.ts";
import type { MemberRow } from "../store.ts";
import { bigintArray, encodeArray, textArray, uuidArray } from "./binary-array.ts";
import type { StoreCore } from "./core.ts";
import { memberColumns } from "./directory.ts";

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
      await core.rows(
        "DELETE FROM mesh.sending_link s WHERE NOT EXISTS (SELECT 1 FROM mesh.broker_lease l WHERE l.instance_id = s.linked_by)",
      );
      const live = await core.rows(
        "SELECT instance_id FROM mesh.broker_lease WHERE lease_until > $1 ORDER BY started_at, instance_id",
        [now],
      );
      return { live: live.length, eldest: live[0]?.["instance_id"] === instanceId };
    },
    async endLease() {
      const core = open();
      await core.rows("DELETE FROM mesh.sending_link WHERE linked_by = $1", [core.options.instanceId]);
      await core.rows("DELETE FROM mesh.broker_lease WHERE instance_id = $1", [core.options.instanceId]);
    },
    endedLinks: (links, now) => endedLinks(open(), links, now),
    async heads(meshIds) {
      const rows = await open().rows(
        `SELECT h.mesh_id, h.seq, c.n, c.hash, coalesce(k.key_seq, 0) AS key_seq
           FROM unnest($1::uuid[]) AS u (mesh_id) JOIN mesh.mesh_head h ON h.mesh_id = u.mesh_id
           LEFT JOIN mesh.key_head k ON k.mesh_id = u.mesh_id
           LEFT JOIN LATERAL (SELECT m.n, m.hash FROM mesh.membership m WHERE m.mesh_id = u.mesh_id ORDER BY m.n DESC LIMIT 1) c ON true`,
        [encodeArray(uuidArray, meshIds)],
      );
      return rows.map((row) => ({
        mesh_id: String(row["mesh_id"]),
        seq: Number(row["seq"]),
        key_seq: Number(row["key_seq"]),
        membership: row["hash"] === null ? null : readMembershipHead(row),
      }));
    },
    owed: (members) => owed(open(), members),
    async offline(meshIds, { from, to }): Promise<MemberRow[]> {
      const rows = await open().rows(
        `SELECT ${memberColumns} FROM mesh.member
          WHERE mesh_id = ANY ($1::uuid[]) AND online_until > $2 AND online_until <= $3 AND status = 'active'`,
        [encodeArray(uuidArray, meshIds), from, to],
      );
      return rows.map(readMember);
    },
    onNewLife: (listener) => void open().newLifeListeners.push(listener),
  };
}

const lease = (linkedBy: string): string =>
  `EXISTS (SELECT 1 FROM mesh.broker_lease l WHERE l.instance_id = ${linkedBy} AND l.lease_until > $6)`;

/** Of a link that only sends: the member has no live receiving link, and none that only sends is older. */
const isNext = `(m.linked_by IS NULL OR (m.linked_by <> $5 AND NOT ${lease("m.linked_by")}))
          AND NOT EXISTS (SELECT 1 FROM mesh.sending_link o WHERE o.mesh_id = u.mesh_id AND o.member_id = u.member_id
                             AND o.link_epoch < u.link_epoch AND (o.linked_by = $5 OR ${lease("o.linked_by")}))`;

const isThere = `EXISTS (SELECT 1 FROM mesh.sending_link s WHERE s.mesh_id = u.mesh_id AND s.member_id = u.member_id AND s.link_epoch = u.link_epoch)`;

// Subqueries that yield one value are run by their index for each link, whatever the planner believes of the tables' sizes.
const endedText = `
  SELECT u.place, m.kicked_until, m.kicked_by, m.instance_id,
    CASE WHEN m.status IS DISTINCT FROM 'active' THEN 'revoked'
      WHEN m.kicked_until > $6 THEN 'kicked'
      WHEN u.link_epoch >= ${sendingEpochFrom} THEN
        CASE WHEN ${isThere} OR (SELECT h.concurrency FROM mesh.mesh h WHERE h.mesh_id = u.mesh_id) <> 'allow_concurrent'
          THEN 'released' ELSE 'followed' END
      WHEN m.instance_id <> u.instance_id AND ${lease("m.linked_by")} THEN 'replaced'
      WHEN m.linked_by IS NULL THEN 'released'
      ELSE 'followed' END AS why
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS u (mesh_id, member_id, instance_id, link_epoch, place)
    LEFT JOIN LATERAL (SELECT k.status, k.kicked_until, k.kicked_by, k.link_epoch, k.instance_id, k.linked_by FROM mesh.member k
                        WHERE k.mesh_id = u.mesh_id AND k.member_id = u.member_id OFFSET 0) m ON true
   WHERE m.status IS DISTINCT FROM 'active'
      OR CASE WHEN u.link_epoch >= ${sendingEpochFrom} THEN m.kicked_until > $6 OR NOT ${isThere} OR (${isNext})
              ELSE m.link_epoch > u.link_epoch AND (m.linked_by IS DISTINCT FROM $5 OR m.kicked_until > $6) END`;

async function endedLinks<L extends HeldLink>(
  core: StoreCore,
  links: readonly L[],
  now: number,
): Promise<EndedLink<L>[]> {
  const instances = encodeArray(
    textArray,
    links.map(({ instanceId }) => instanceId),
  );
  const epochs = encodeArray(
    bigintArray,
    links.map(({ linkEpoch }) => linkEpoch),
  );
  const rows = await core.rows(endedText, [...columns(links), instances, epochs, core.options.instanceId, now]);
  return rows.flatMap((row) => {
    const link = links[Number(row["place"]) - 1];
    if (link === undefined) return [];
    return [{ link, ...endOf(row) }];
  });
}

function endOf(row: Record<string, unknown>): LinkEnd {
  switch (row["why"]) {
    case "revoked":
      return { why: "revoked" };
    case "released":
      return { why: "released" };
    case "replaced":
      return { why: "replaced", otherInstanceId: String(row["instance_id"]) };
    case "kicked": {
      const kick = readKick(row);
      if (kick !== null) return { why: "kicked", kick };
    }
  }
  return { why: "followed" };
}

const owedText = `
  SELECT u.place FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (mesh_id, member_id, place)
   WHERE (SELECT true FROM mesh.receipt r WHERE r.mesh_id = u.mesh_id AND r.recipient = u.member_id LIMIT 1)
      OR (SELECT true FROM mesh.notice n WHERE n.mesh_id = u.mesh_id AND n.member = u.member_id LIMIT 1)`;

async function owed<M extends HeldMember>(core: StoreCore, members: readonly M[]): Promise<M[]> {
  return (await core.rows(owedText, columns(members))).flatMap((row) => members[Number(row["place"]) - 1] ?? []);
}

function columns(members: readonly HeldMember[]): [Buffer, Buffer] {
  return [
    encodeArray(
      uuidArray,
      members.map(({ meshId }) => meshId),
    ),
    encodeArray(
      textArray,
      members.map(({ memberId }) => memberId),
    ),
  ];
}
