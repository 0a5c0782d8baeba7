import type { AnnouncedKeys, MembershipHead } from "../../../protocol/membership-frames.ts";
import { nameTaken } from "../member-refusals.ts";
import type { MembershipEffect, NewMembershipEntry } from "../membership-store.ts";
import { readAnnouncedKeys, readMembershipHead, withinBytes } from "../membership-rows.ts";
import type { Sql, StoreCore } from "./core.ts";
import { endMember, insertMember, member, requireActive } from "./directory.ts";
import { limitQueues, setSealingKey } from "./key-members.ts";
import { writeOpened } from "./opened.ts";
import { queueByName, writeQueueUnsealed } from "./queues.ts";
import { endSubscriptionsBut, openIntervalOfAll, topicByName, writeTopicUnsealed } from "./topics.ts";

export async function membershipHead(sql: Sql, meshId: string): Promise<MembershipHead | null> {
  const [row] = await sql.rows("SELECT n, hash FROM mesh.membership WHERE mesh_id = $1 ORDER BY n DESC LIMIT 1", [
    meshId,
  ]);
  return readMembershipHead(row);
}

export async function membershipAbove(
  core: StoreCore,
  meshId: string,
  after: number,
  limit: number,
  limitBytes: number,
): Promise<string[]> {
  const rows = await core.rows(
    "SELECT entry FROM mesh.membership WHERE mesh_id = $1 AND n > $2::integer ORDER BY n LIMIT $3::integer",
    [meshId, after, limit],
  );
  return withinBytes(
    rows.map((row) => String(row["entry"])),
    limitBytes,
  );
}

/** Under the lock that accepting takes: no message is between what was so before the entry and after it. */
export function appendMembership(
  core: StoreCore,
  meshId: string,
  entry: NewMembershipEntry,
  now: number,
): Promise<boolean> {
  return core.locked(meshId, async (tx, head) => {
    const newest = await membershipHead(tx, meshId);
    if ((newest?.hash ?? null) !== entry.previous) return false;
    await tx.rows("INSERT INTO mesh.membership (mesh_id, n, hash, entry, appended_at) VALUES ($1, $2, $3, $4, $5)", [
      meshId,
      entry.n,
      entry.hash,
      entry.text,
      now,
    ]);
    for (const effect of entry.effects) await apply(tx, meshId, effect, { now, head: head.seq });
    return true;
  });
}

async function apply(
  tx: Sql,
  meshId: string,
  effect: MembershipEffect,
  { now, head }: { readonly now: number; readonly head: number },
): Promise<void> {
  switch (effect.kind) {
    case "member_added":
      return addMember(tx, meshId, effect, { now, head });
    case "member_renamed":
      await freeName(tx, meshId, effect);
      await tx.rows("UPDATE mesh.member SET name = $3 WHERE mesh_id = $1 AND member_id = $2", [
        meshId,
        effect.member_id,
        effect.name,
      ]);
      return;
    case "member_role":
      await tx.rows("UPDATE mesh.member SET role = $3 WHERE mesh_id = $1 AND member_id = $2", [
        meshId,
        effect.member_id,
        effect.role,
      ]);
      return;
    case "member_limited":
      if (effect.destinations !== null)
        await endSubscriptionsBut(tx, meshId, effect.member_id, effect.destinations, head);
      return limitQueues(tx, meshId, effect.member_id, effect.destinations);
    case "member_keys":
      return setSealingKey(tx, meshId, effect.member_id, effect.x25519_pubkey);
    case "member_ended":
      return endMember(tx, meshId, effect.member_id, effect.status, head);
    case "unsealed": {
      const name = effect.destination.replace(/^(#|queue:)/, "");
      const isTopic = effect.destination.startsWith("#");
      await writeOpened(tx, meshId, effect.destination, effect.unsealed);
      const topic = isTopic ? await topicByName(tx, meshId, name) : null;
      const queue = isTopic ? null : await queueByName(tx, meshId, name);
      if (topic !== null) await writeTopicUnsealed(tx, topic, effect.unsealed, head);
      if (queue !== null) await writeQueueUnsealed(tx, queue, effect.unsealed, head);
    }
  }
}

async function addMember(
  tx: Sql,
  meshId: string,
  { member_id, name, role }: Extract<MembershipEffect, { kind: "member_added" }>,
  { now, head }: { readonly now: number; readonly head: number },
): Promise<void> {
  await freeName(tx, meshId, { member_id, name });
  await tx.rows("DELETE FROM mesh.announced_key WHERE mesh_id = $1 AND member_id = $2", [meshId, member_id]);
  const present = await member(tx, meshId, member_id);
  if (present === null) {
    await insertMember(tx, { mesh_id: meshId, member_id, name, role, now }, head);
    return;
  }
  await tx.rows(
    "UPDATE mesh.member SET name = $3, role = $4, status = 'active' WHERE mesh_id = $1 AND member_id = $2",
    [meshId, member_id, name, role],
  );
  if (present.status !== "active") await openIntervalOfAll(tx, meshId, member_id, head);
}

async function freeName(
  tx: Sql,
  meshId: string,
  { member_id, name }: { readonly member_id: string; readonly name: string },
): Promise<void> {
  const holders = await tx.rows(
    "SELECT 1 AS yes FROM mesh.member WHERE mesh_id = $1 AND lower(name) = lower($2) AND member_id <> $3",
    [meshId, name, member_id],
  );
  if (holders.length > 0) throw nameTaken(name);
}

export function announceKeys(
  core: StoreCore,
  meshId: string,
  memberId: string,
  keys: { readonly x25519_pubkey: string; readonly proof: string },
  now: number,
): Promise<void> {
  return core.locked(meshId, async (tx) => {
    await requireActive(tx, meshId, memberId);
    await tx.rows(
      `INSERT INTO mesh.announced_key (mesh_id, member_id, x25519_pubkey, proof, announced_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (mesh_id, member_id) DO UPDATE SET x25519_pubkey = excluded.x25519_pubkey, proof = excluded.proof,
         announced_at = excluded.announced_at`,
      [meshId, memberId, keys.x25519_pubkey, keys.proof, now],
    );
  });
}

export async function announcedKeys(core: StoreCore, meshId: string): Promise<AnnouncedKeys[]> {
  const rows = await core.rows(
    `SELECT m.member_id, m.name, m.role, k.x25519_pubkey, k.proof FROM mesh.member m
       LEFT JOIN mesh.announced_key k ON k.mesh_id = m.mesh_id AND k.member_id = m.member_id
      WHERE m.mesh_id = $1 AND m.status = 'active' ORDER BY lower(m.name), m.member_id`,
    [meshId],
  );
  return rows.map(readAnnouncedKeys);
}
