import type { ConcurrencyPolicy } from "../../../protocol/concurrency.ts";
import {
  isOwnInstance,
  type LinkRequest,
  placeOf,
  type RaisedLink,
  type ReleasedMember,
  sendingEpochFrom,
  sendingLinksMax,
  type Successor,
} from "../link-store.ts";
import { kickNow, readMesh } from "../read-row.ts";
import type { StoreCore } from "./core.ts";
import { requireActive, requireMesh } from "./directory.ts";

/** No other broker uses this file: the links that are live are those that this one holds. */
export function raiseLinkEpoch(core: StoreCore, meshId: string, memberId: string, hello: LinkRequest): RaisedLink {
  return core.transaction(() => {
    const before = requireActive(core, meshId, memberId);
    const policy = readMesh(requireMesh(core, meshId)).concurrency;
    const kick = kickNow(before.kick, hello.now);
    const common = { life: core.incarnation.id, kick, policy };
    if (kick !== null) return { ...common, link_epoch: before.link_epoch, place: "refused", other: null };
    const held = hello.held ?? [];
    const live = receivingNow(core, meshId, memberId, held);
    const place = placeOf(policy, hello, live);
    const other = live === null ? null : { instance_id: live, elsewhere: false };
    for (const { link_epoch, instance_id } of sendingLinks(core, meshId, memberId))
      if (isOwnInstance(instance_id, hello) || !held.includes(link_epoch))
        endSending(core, meshId, memberId, link_epoch);
    const full = place === "sends" && sendingLinks(core, meshId, memberId).length >= sendingLinksMax;
    if (full) return { ...common, link_epoch: before.link_epoch, place: "refused", other };
    if (place === "refused") return { ...common, link_epoch: before.link_epoch, place, other };
    if (place === "sends")
      return { ...common, link_epoch: raiseSending(core, meshId, memberId, hello.instance_id), place, other };
    core
      .sql("UPDATE member SET link_epoch = link_epoch + 1, instance_id = ? WHERE mesh_id = ? AND member_id = ?")
      .run(hello.instance_id, meshId, memberId);
    return { ...common, link_epoch: before.link_epoch + 1, place, other };
  });
}

/** A receiving link leaves nothing: the next hello says what is still held. */
export function linkClosed(core: StoreCore, meshId: string, memberId: string, linkEpoch: number): boolean {
  if (linkEpoch < sendingEpochFrom) return sendingLinks(core, meshId, memberId).length > 0;
  endSending(core, meshId, memberId, linkEpoch);
  return false;
}

export function successor(
  core: StoreCore,
  meshId: string,
  memberId: string,
  { held }: { readonly held: readonly number[] },
): Successor | null {
  if (receivingNow(core, meshId, memberId, held) !== null) return null;
  const next = sendingLinks(core, meshId, memberId).find(({ link_epoch }) => held.includes(link_epoch));
  return next === undefined ? null : { ...next, elsewhere: false };
}

export function setConcurrency(core: StoreCore, meshId: string, policy: ConcurrencyPolicy): ReleasedMember[] {
  return core.transaction(() => {
    if (readMesh(requireMesh(core, meshId)).concurrency === policy) return [];
    core.sql("UPDATE mesh SET concurrency = ? WHERE mesh_id = ?").run(policy, meshId);
    // What is in hand of their links is refused from here on, so that nothing of it mixes with what they send again.
    const released = core
      .sql(
        `UPDATE member SET link_epoch = link_epoch + 1
          WHERE mesh_id = ?1 AND member_id IN (SELECT member_id FROM sending_link WHERE mesh_id = ?1)
         RETURNING member_id, link_epoch`,
      )
      .all(meshId);
    core.sql("DELETE FROM sending_link WHERE mesh_id = ?").run(meshId);
    return released.map((row) => ({ member_id: String(row["member_id"]), link_epoch: Number(row["link_epoch"]) }));
  });
}

export function endSendingOf(core: StoreCore, meshId: string, memberId: string): void {
  core.sql("DELETE FROM sending_link WHERE mesh_id = ? AND member_id = ?").run(meshId, memberId);
}

/** Whether the link may accept although it is not its member's receiving one. */
export function maySend(core: StoreCore, meshId: string, memberId: string, linkEpoch: number): boolean {
  if (linkEpoch < sendingEpochFrom) return false;
  const text = "SELECT 1 AS yes FROM sending_link WHERE mesh_id = ? AND member_id = ? AND link_epoch = ?";
  return core.sql(text).get(meshId, memberId, linkEpoch) !== undefined;
}

function receivingNow(core: StoreCore, meshId: string, memberId: string, held: readonly number[]): string | null {
  const row = core
    .sql("SELECT link_epoch, instance_id FROM member WHERE mesh_id = ? AND member_id = ?")
    .get(meshId, memberId);
  return row !== undefined && held.includes(Number(row["link_epoch"])) ? String(row["instance_id"]) : null;
}

/** Oldest first. */
function sendingLinks(core: StoreCore, meshId: string, memberId: string) {
  return core
    .sql("SELECT link_epoch, instance_id FROM sending_link WHERE mesh_id = ? AND member_id = ? ORDER BY link_epoch")
    .all(meshId, memberId)
    .map((row) => ({ link_epoch: Number(row["link_epoch"]), instance_id: String(row["instance_id"]) }));
}

function raiseSending(core: StoreCore, meshId: string, memberId: string, instanceId: string): number {
  const raised = core
    .sql(
      "UPDATE member SET sending_raised = sending_raised + 1 WHERE mesh_id = ? AND member_id = ? RETURNING sending_raised",
    )
    .get(meshId, memberId);
  const linkEpoch = sendingEpochFrom + Number(raised?.["sending_raised"]);
  core
    .sql("INSERT INTO sending_link (mesh_id, member_id, link_epoch, instance_id) VALUES (?, ?, ?, ?)")
    .run(meshId, memberId, linkEpoch, instanceId);
  return linkEpoch;
}

function endSending(core: StoreCore, meshId: string, memberId: string, linkEpoch: number): void {
  core
    .sql("DELETE FROM sending_link WHERE mesh_id = ? AND member_id = ? AND link_epoch = ?")
    .run(meshId, memberId, linkEpoch);
}
