import type { AnnouncedKeys, MembershipHead } from "../../../protocol/membership-frames.ts";
import { nameTaken } from "../member-refusals.ts";
import type { MembershipEffect, NewMembershipEntry } from "../membership-store.ts";
import { readAnnouncedKeys, readMembershipHead, withinBytes } from "../membership-rows.ts";
import type { StoreCore } from "./core.ts";
import { endMember, headOf, insertMember, member, requireActive } from "./directory.ts";
import { limitQueues, setSealingKey } from "./key-members.ts";
import { writeOpened } from "./opened.ts";
import { queueByName, writeQueueUnsealed } from "./queues.ts";
import { endSubscriptionsBut, openIntervalOfAll, topicByName, writeTopicUnsealed } from "./topics.ts";

export function membershipHead(core: StoreCore, meshId: string): MembershipHead | null {
  return readMembershipHead(
    core.sql("SELECT n, hash FROM membership WHERE mesh_id = ? ORDER BY n DESC LIMIT 1").get(meshId),
  );
}

export function membershipAbove(
  core: StoreCore,
  meshId: string,
  after: number,
  limit: number,
  limitBytes: number,
): string[] {
  const rows = core
    .sql("SELECT entry FROM membership WHERE mesh_id = ? AND n > ? ORDER BY n LIMIT ?")
    .all(meshId, after, limit);
  return withinBytes(
    rows.map((row) => String(row["entry"])),
    limitBytes,
  );
}

/** BEGIN IMMEDIATE is the lock under which messages are accepted: none is between what was so before the entry and after it. */
export function appendMembership(core: StoreCore, meshId: string, entry: NewMembershipEntry, now: number): boolean {
  return core.transaction(() => {
    const head = headOf(core, meshId);
    const newest = membershipHead(core, meshId);
    if ((newest?.hash ?? null) !== entry.previous) return false;
    core
      .sql("INSERT INTO membership (mesh_id, n, hash, entry, appended_at) VALUES (?, ?, ?, ?, ?)")
      .run(meshId, entry.n, entry.hash, entry.text, now);
    for (const effect of entry.effects) apply(core, meshId, effect, { now, head });
    return true;
  });
}

function apply(
  core: StoreCore,
  meshId: string,
  effect: MembershipEffect,
  { now, head }: { readonly now: number; readonly head: number },
): void {
  switch (effect.kind) {
    case "member_added":
      return addMember(core, meshId, effect, { now, head });
    case "member_renamed":
      freeName(core, meshId, effect);
      core
        .sql("UPDATE member SET name = ? WHERE mesh_id = ? AND member_id = ?")
        .run(effect.name, meshId, effect.member_id);
      return;
    case "member_role":
      core
        .sql("UPDATE member SET role = ? WHERE mesh_id = ? AND member_id = ?")
        .run(effect.role, meshId, effect.member_id);
      return;
    case "member_limited":
      if (effect.destinations !== null) endSubscriptionsBut(core, meshId, effect.member_id, effect.destinations);
      return limitQueues(core, meshId, effect.member_id, effect.destinations);
    case "member_keys":
      return setSealingKey(core, meshId, effect.member_id, effect.x25519_pubkey);
    case "member_ended":
      return endMember(core, meshId, effect.member_id, effect.status);
    case "unsealed": {
      const name = effect.destination.replace(/^(#|queue:)/, "");
      const isTopic = effect.destination.startsWith("#");
      writeOpened(core, meshId, effect.destination, effect.unsealed);
      const topic = isTopic ? topicByName(core, meshId, name) : null;
      const queue = isTopic ? null : queueByName(core, meshId, name);
      if (topic !== null) writeTopicUnsealed(core, topic, effect.unsealed);
      if (queue !== null) writeQueueUnsealed(core, queue, effect.unsealed);
    }
  }
}

function addMember(
  core: StoreCore,
  meshId: string,
  { member_id, name, role }: Extract<MembershipEffect, { kind: "member_added" }>,
  { now, head }: { readonly now: number; readonly head: number },
): void {
  freeName(core, meshId, { member_id, name });
  core.sql("DELETE FROM announced_key WHERE mesh_id = ? AND member_id = ?").run(meshId, member_id);
  const present = member(core, meshId, member_id);
  if (present === null) {
    insertMember(core, { mesh_id: meshId, member_id, name, role, now });
    return;
  }
  core
    .sql("UPDATE member SET name = ?, role = ?, status = 'active' WHERE mesh_id = ? AND member_id = ?")
    .run(name, role, meshId, member_id);
  if (present.status !== "active") openIntervalOfAll(core, meshId, member_id, head);
}

function freeName(
  core: StoreCore,
  meshId: string,
  { member_id, name }: { readonly member_id: string; readonly name: string },
): void {
  const holder = core
    .sql("SELECT 1 AS yes FROM member WHERE mesh_id = ? AND name = ? AND member_id <> ?")
    .get(meshId, name, member_id);
  if (holder !== undefined) throw nameTaken(name);
}

export function announceKeys(
  core: StoreCore,
  meshId: string,
  memberId: string,
  keys: { readonly x25519_pubkey: string; readonly proof: string },
  now: number,
): void {
  core.transaction(() => {
    requireActive(core, meshId, memberId);
    core
      .sql(
        `INSERT INTO announced_key (mesh_id, member_id, x25519_pubkey, proof, announced_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (mesh_id, member_id) DO UPDATE SET x25519_pubkey = excluded.x25519_pubkey, proof = excluded.proof,
           announced_at = excluded.announced_at`,
      )
      .run(meshId, memberId, keys.x25519_pubkey, keys.proof, now);
  });
}

export function announcedKeys(core: StoreCore, meshId: string): AnnouncedKeys[] {
  return core
    .sql(
      `SELECT m.member_id, m.name, m.role, k.x25519_pubkey, k.proof FROM member m
         LEFT JOIN announced_key k ON k.mesh_id = m.mesh_id AND k.member_id = m.member_id
        WHERE m.mesh_id = ? AND m.status = 'active' ORDER BY m.name, m.member_id`,
    )
    .all(meshId)
    .map(readAnnouncedKeys);
}
