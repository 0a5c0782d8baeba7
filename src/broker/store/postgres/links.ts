import type { ConcurrencyPolicy } from "../../../protocol/concurrency.ts";
import {
  type LinkRequest,
  placeOf,
  type RaisedLink,
  type ReleasedMember,
  sendingEpochFrom,
  sendingLinksMax,
  type Successor,
} from "../link-store.ts";
import { noActiveMember } from "../member-refusals.ts";
import { kickNow, readKick, readMesh } from "../read-row.ts";
import { bigintArray, encodeArray, textArray } from "./binary-array.ts";
import type { Sql, StoreCore } from "./core.ts";

const leaseLasts = (linkedBy: string): string =>
  `EXISTS (SELECT 1 FROM mesh.broker_lease l WHERE l.instance_id = ${linkedBy} AND l.lease_until > $4)`;

const beforeText = `
  SELECT m.status, m.instance_id, m.link_epoch, m.kicked_until, m.kicked_by, h.mesh_id, h.slug, h.created_at, h.concurrency,
         m.linked_by = $3 AS here, m.linked_by <> $3 AND ${leaseLasts("m.linked_by")} AS elsewhere,
         EXISTS (SELECT 1 FROM mesh.sending_link s WHERE s.mesh_id = $1 AND s.member_id = $2) AS sending,
         (SELECT i.incarnation FROM mesh.incarnation i WHERE i.server_started_at = pg_postmaster_start_time()) AS life
    FROM mesh.mesh h LEFT JOIN mesh.member m ON m.mesh_id = h.mesh_id AND m.member_id = $2
   WHERE h.mesh_id = $1`;

/** Of links at other brokers the lease of theirs says whether they are live; of those here, that they are held. */
export function raiseLinkEpoch(
  core: StoreCore,
  meshId: string,
  memberId: string,
  hello: LinkRequest,
): Promise<RaisedLink> {
  const { instanceId: here } = core.options;
  return core.locked(meshId, async (tx) => {
    const [before] = await tx.rows(beforeText, [meshId, memberId, here, hello.now]);
    if (before?.["status"] !== "active") throw noActiveMember();
    const linkEpoch = Number(before["link_epoch"]);
    const policy = readMesh(before).concurrency;
    const kick = kickNow(readKick(before), hello.now);
    const common = { life: String(before["life"]), kick, policy };
    if (kick !== null) return { ...common, link_epoch: linkEpoch, place: "refused", other: null };
    const held = hello.held ?? [];
    const elsewhere = before["elsewhere"] === true;
    const live =
      elsewhere || (before["here"] === true && held.includes(linkEpoch)) ? String(before["instance_id"]) : null;
    const place = placeOf(policy, hello, live);
    const other = live === null ? null : { instance_id: live, elsewhere };
    if (before["sending"] === true) await endOver(tx, meshId, memberId, { here, hello, held });
    const full = place === "sends" && (await countSending(tx, meshId, memberId)) >= sendingLinksMax;
    if (full) return { ...common, link_epoch: linkEpoch, place: "refused", other };
    if (place === "refused") return { ...common, link_epoch: linkEpoch, place, other };
    if (place === "sends")
      return { ...common, link_epoch: await raiseSending(tx, meshId, memberId, hello.instance_id, here), place, other };
    await tx.rows(
      "UPDATE mesh.member SET link_epoch = $5, instance_id = $3, linked_by = $4 WHERE mesh_id = $1 AND member_id = $2",
      [meshId, memberId, hello.instance_id, here, linkEpoch + 1],
    );
    return { ...common, link_epoch: linkEpoch + 1, place, other };
  });
}

/** Links that only send: the same daemon's, and those that nobody holds any more. */
async function endOver(
  tx: Sql,
  meshId: string,
  memberId: string,
  { here, hello, held }: { here: string; hello: LinkRequest; held: readonly number[] },
): Promise<void> {
  const own = [hello.instance_id, ...(hello.previous_instance_id == null ? [] : [hello.previous_instance_id])];
  await tx.rows(
    `DELETE FROM mesh.sending_link s WHERE s.mesh_id = $1 AND s.member_id = $2 AND (s.instance_id = ANY ($5::text[])
        OR (s.linked_by = $3 AND s.link_epoch <> ALL ($6::bigint[])) OR (s.linked_by <> $3 AND NOT ${leaseLasts("s.linked_by")}))`,
    [meshId, memberId, here, hello.now, encodeArray(textArray, own), encodeArray(bigintArray, [...held])],
  );
}

async function countSending(tx: Sql, meshId: string, memberId: string): Promise<number> {
  const [row] = await tx.rows("SELECT count(*) AS links FROM mesh.sending_link WHERE mesh_id = $1 AND member_id = $2", [
    meshId,
    memberId,
  ]);
  return Number(row?.["links"]);
}

async function raiseSending(
  tx: Sql,
  meshId: string,
  memberId: string,
  instanceId: string,
  here: string,
): Promise<number> {
  const [raised] = await tx.rows(
    "UPDATE mesh.member SET sending_raised = sending_raised + 1 WHERE mesh_id = $1 AND member_id = $2 RETURNING sending_raised",
    [meshId, memberId],
  );
  const linkEpoch = sendingEpochFrom + Number(raised?.["sending_raised"]);
  await tx.rows(
    "INSERT INTO mesh.sending_link (mesh_id, member_id, link_epoch, instance_id, linked_by) VALUES ($1, $2, $3, $4, $5)",
    [meshId, memberId, linkEpoch, instanceId, here],
  );
  return linkEpoch;
}

export async function linkClosed(
  core: StoreCore,
  meshId: string,
  memberId: string,
  linkEpoch: number,
): Promise<boolean> {
  const text =
    linkEpoch >= sendingEpochFrom
      ? "DELETE FROM mesh.sending_link WHERE mesh_id = $1 AND member_id = $2 AND link_epoch = $3 RETURNING false AS wanted"
      : `UPDATE mesh.member SET linked_by = NULL WHERE mesh_id = $1 AND member_id = $2 AND link_epoch = $3
         RETURNING EXISTS (SELECT 1 FROM mesh.sending_link s WHERE s.mesh_id = $1 AND s.member_id = $2) AS wanted`;
  return (await core.rows(text, [meshId, memberId, linkEpoch]))[0]?.["wanted"] === true;
}

const liveNow = (row: string): string =>
  `((${row}.linked_by = $3 AND ${row}.link_epoch = ANY ($5::bigint[])) OR (${row}.linked_by <> $3 AND ${leaseLasts(`${row}.linked_by`)}))`;

const successorText = `
  SELECT s.link_epoch, s.instance_id, s.linked_by <> $3 AS elsewhere FROM mesh.sending_link s
   WHERE s.mesh_id = $1 AND s.member_id = $2 AND ${liveNow("s")}
     AND NOT EXISTS (SELECT 1 FROM mesh.member m WHERE m.mesh_id = $1 AND m.member_id = $2 AND ${liveNow("m")})
   ORDER BY s.link_epoch LIMIT 1`;

export async function successor(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { now, held }: { readonly now: number; readonly held: readonly number[] },
): Promise<Successor | null> {
  const { instanceId: here } = core.options;
  const [row] = await core.rows(successorText, [meshId, memberId, here, now, encodeArray(bigintArray, [...held])]);
  if (row === undefined) return null;
  return {
    link_epoch: Number(row["link_epoch"]),
    instance_id: String(row["instance_id"]),
    elsewhere: row["elsewhere"] === true,
  };
}

export function setConcurrency(core: StoreCore, meshId: string, policy: ConcurrencyPolicy): Promise<ReleasedMember[]> {
  return core.locked(meshId, async (tx) => {
    const changed = await tx.rows(
      "UPDATE mesh.mesh SET concurrency = $2 WHERE mesh_id = $1 AND concurrency <> $2 RETURNING mesh_id",
      [meshId, policy],
    );
    if (changed.length === 0) return [];
    // What is in hand of their links is refused from here on, so that nothing of it mixes with what they send again.
    const released = await tx.rows(
      `UPDATE mesh.member SET link_epoch = link_epoch + 1, linked_by = NULL
        WHERE mesh_id = $1 AND member_id IN (SELECT s.member_id FROM mesh.sending_link s WHERE s.mesh_id = $1)
       RETURNING member_id, link_epoch`,
      [meshId],
    );
    await tx.rows("DELETE FROM mesh.sending_link WHERE mesh_id = $1", [meshId]);
    return released.map((row) => ({ member_id: String(row["member_id"]), link_epoch: Number(row["link_epoch"]) }));
  });
}

export async function endSendingOf(tx: Sql, meshId: string, memberId: string): Promise<void> {
  await tx.rows("DELETE FROM mesh.sending_link WHERE mesh_id = $1 AND member_id = $2", [meshId, memberId]);
}
