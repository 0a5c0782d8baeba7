import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ClaudemeshError } from "../../protocol/error.ts";
import { type EpochRecord, signEpochRecord } from "../../protocol/epoch.ts";
import { epochId } from "../sealing/wrap.ts";
import { type KeyMember, keyMesh, ops } from "./key-mesh.fixture.ts";

const junk = () => randomBytes(80).toString("base64url");

/** A member's epoch beside what daemons make, signed as it says. */
function madeBy(maker: KeyMember, before: EpochRecord, fields: Partial<EpochRecord>): EpochRecord {
  const { signature: _, ...record } = {
    ...before,
    epoch_id: epochId(randomBytes(32), before.epoch_id, before.membership_head, before.destination),
    parent: before.epoch_id,
    depth: before.depth + 1,
    created_by: maker.person.memberId,
    key_id: maker.person.keyId,
    ...fields,
  };
  return signEpochRecord(record, maker.person.signingKey);
}

test("a wrap that does not open is refused at once, and the key comes from somebody else", async (t) => {
  const mesh = keyMesh(t);
  const eve = await mesh.member("eve");
  for (const member of [mesh.owner, eve]) await member.follow();
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "for who comes late");
  const [record] = mesh.keys.records();
  const bob = await mesh.member("bob");
  await eve.follow();
  const x25519 = bob.keypair.x25519PublicKey;
  const memberId = bob.person.memberId;
  const bad = { epoch_id: record?.epoch_id, member_id: memberId, sealed_to: x25519, sealed: junk() };
  mesh.keys.items = mesh.keys.items.filter(({ to }) => to !== memberId);
  await mesh.keys.request(eve.person.memberId, { type: "epoch_wraps", wraps: [bad] });
  await bob.follow();
  assert.equal(bob.reads(sealed), null);
  assert.deepEqual(mesh.keys.asked.filter((type) => type === "wrap_refused").length, 1);
  await eve.follow();
  assert.equal(mesh.keys.wrappedBy(bad.epoch_id ?? "", memberId), null, "hers is taken no more, not even a good one");
  await mesh.owner.follow();
  await bob.follow();
  assert.equal(bob.reads(sealed), "for who comes late");
  assert.equal(mesh.keys.asked.filter((type) => type === "wrap_refused").length, 1);
});

test("a wrap is refused again where the daemon ended before it had kept how far it read", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const bob = await mesh.member("bob");
  const [record] = mesh.keys.records();
  const wrap = { epoch_id: record?.epoch_id, member_id: bob.person.memberId, sealed_to: bob.keypair.x25519PublicKey };
  await mesh.keys.request("e".repeat(64), { type: "epoch_wraps", wraps: [{ ...wrap, sealed: junk() }] });
  mesh.keys.before = (frame) => {
    if (frame.type === "wrap_refused") throw new ClaudemeshError("broker_unreachable", "cut");
  };
  await assert.rejects(bob.follow(), { code: "broker_unreachable" });
  mesh.keys.before = null;
  bob.restart();
  await bob.follow();
  await mesh.owner.follow();
  await bob.follow();
  assert.equal(bob.reads(mesh.owner.seal(ops, "now")), "now");
});

test("keys that a broker lost with a backup are handed in again by any who has them, and late comers read what was sealed under them", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  for (const member of [mesh.owner, bob]) await member.follow();
  await mesh.owner.ready(ops);
  await bob.follow();
  const restore = mesh.keys.backup();
  await mesh.owner.keyring.rotate(ops);
  await mesh.owner.keyring.rotate(ops);
  await bob.follow();
  const sealed = mesh.owner.seal(ops, "under a key that gets lost");
  const lost = mesh.keys.records().slice(1);
  assert.equal(lost.length, 2);
  restore();
  assert.equal(mesh.keys.records().length, 1);
  mesh.owner.online = false;
  bob.restart();
  await bob.follow();
  assert.deepEqual(mesh.keys.records().slice(1), lost, "as their maker signed them");
  const late = await mesh.member("late");
  await late.follow();
  await bob.follow();
  await late.follow();
  assert.equal(late.reads(sealed), "under a key that gets lost");
  assert.equal(bob.reads(sealed), "under a key that gets lost");
  await bob.ready(ops);
  assert.equal(bob.seal(ops, "on").sealed_to, sealed.sealed_to);
  const asked = mesh.keys.asked.length;
  await bob.follow();
  assert.deepEqual(
    mesh.keys.asked.slice(asked).filter((type) => type === "epoch_create"),
    [],
    "once is enough",
  );
});

test("a member whose place the broker's numbers have passed meanwhile reads all of them, and hands in what is lost", async (t) => {
  const mesh = keyMesh(t);
  const [bob, kim] = [await mesh.member("bob"), await mesh.member("kim")];
  for (const member of [mesh.owner, bob, kim]) await member.follow();
  await mesh.owner.ready(ops);
  for (const member of [bob, kim]) await member.follow();
  const restore = mesh.keys.backup();
  await mesh.owner.keyring.rotate(ops);
  await bob.follow();
  const before = mesh.owner.seal(ops, "before");
  for (let n = 0; n < 9; n += 1) mesh.keys.unsubscribe("d".repeat(64));
  await bob.follow();
  restore();
  mesh.keys.logEpoch = 2;
  for (const member of [mesh.owner, bob]) member.online = false;
  await kim.keyring.rotate(ops);
  // Not of it: as little as is told of other topics.
  mesh.keys.skip(30);
  const after = kim.seal(ops, "after");
  bob.online = true;
  await bob.follow();
  assert.equal(bob.reads(after), "after", "it lies below where bob had read to");
  await kim.follow();
  assert.equal(kim.reads(before), "before");
  const known = (member: KeyMember) => {
    const { cursor, log_epoch } = JSON.parse(readFileSync(join(member.dir, "topic_keys.json"), "utf8"));
    return [cursor >= 0, log_epoch];
  };
  assert.deepEqual(known(bob), [true, 2]);
});

test("a key below what was read is found when a message names it, though nothing else tells of it", async (t) => {
  const mesh = keyMesh(t);
  const [bob, kim] = [await mesh.member("bob"), await mesh.member("kim")];
  for (const member of [mesh.owner, bob, kim]) await member.follow();
  await mesh.owner.ready(ops);
  for (const member of [bob, kim]) await member.follow();
  const restore = mesh.keys.backup();
  for (let n = 0; n < 9; n += 1) mesh.keys.unsubscribe("d".repeat(64));
  await bob.follow();
  restore();
  bob.online = false;
  await kim.keyring.rotate(ops);
  const sealed = kim.seal(ops, "new");
  mesh.keys.skip(30);
  bob.online = true;
  await bob.keyring.follow((frame) => mesh.keys.request(bob.person.memberId, frame), {
    wholly: true,
  });
  assert.equal(bob.reads(sealed), "new");
});

test("a lost key that the broker does not take again opens what it has sealed, and seals nothing more", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  for (const member of [mesh.owner, bob]) await member.follow();
  await mesh.owner.ready(ops);
  const restore = mesh.keys.backup();
  await mesh.owner.keyring.rotate(ops);
  const sealed = mesh.owner.seal(ops, "old");
  await bob.follow();
  restore();
  mesh.keys.before = ({ type, record }) => {
    const { epoch_id: id } = (record ?? {}) as Partial<EpochRecord>;
    if (type === "epoch_create" && id === sealed.sealed_to) throw new ClaudemeshError("rate_limited", "later");
  };
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const next = mesh.owner.seal(ops, "next");
  assert.notEqual(next.sealed_to, sealed.sealed_to);
  assert.ok(mesh.keys.records().some(({ epoch_id: id }) => id === next.sealed_to));
  assert.equal(mesh.owner.reads(sealed), "old");
  await bob.follow();
  assert.deepEqual([bob.reads(next), bob.reads(sealed)], ["next", "old"]);
  mesh.keys.before = null;
  await mesh.owner.follow();
  assert.ok(
    mesh.keys.records().some(({ epoch_id: id }) => id === sealed.sealed_to),
    "with the next link it is tried again",
  );
});

test("somebody who left is shut out of what is sealed after a restore as before it", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  for (const member of [mesh.owner, bob]) await member.follow();
  await mesh.owner.ready(ops);
  const known = mesh.owner.seal(ops, "bob knows this key");
  const restore = mesh.keys.backup();
  mesh.keys.unsubscribe(bob.person.memberId);
  await mesh.owner.follow();
  restore();
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  assert.notEqual(mesh.owner.seal(ops, "not for bob").sealed_to, known.sealed_to);
});

test("a key after one that is not known, or at another depth than the next, is refused after one look from the beginning", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  for (const member of [mesh.owner, bob]) await member.follow();
  await mesh.owner.ready(ops);
  await bob.follow();
  const [record] = mesh.keys.records();
  assert.ok(record !== undefined);
  const plant = (...planted: EpochRecord[]) => {
    for (const one of planted)
      mesh.keys.items.push({ to: null, item: { key_seq: 100 + mesh.keys.items.length, kind: "epoch", record: one } });
  };
  plant(madeBy(bob, record, { depth: 5 }), madeBy(bob, record, { parent: "ab".repeat(32) }));
  const reads = () => mesh.keys.asked.filter((type) => type === "keys").length;
  const before = reads();
  await mesh.owner.follow();
  assert.equal(reads() - before, 2, "what it follows may lie below what was read");
  const sealed = mesh.owner.seal(ops, "on");
  assert.equal(sealed.sealed_to, record.epoch_id);
  assert.equal(bob.reads(sealed), "on");
});

test("a key by which a member that is no admin changes the history is refused, and an admin's is followed", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  await mesh.owner.follow();
  await mesh.owner.keyring.rotate(ops, "joined");
  await bob.follow();
  await assert.rejects(bob.keyring.rotate(ops, "all"), { code: "not_allowed" });
  const [record] = mesh.keys.records();
  assert.ok(record !== undefined);
  for (const bad of [
    madeBy(bob, record, { history: "all" }),
    madeBy(bob, record, { history: "all", parent: null, depth: 0 }),
  ])
    mesh.keys.items.push({ to: null, item: { key_seq: 100 + mesh.keys.items.length, kind: "epoch", record: bad } });
  await mesh.owner.follow();
  await bob.follow();
  for (const member of [mesh.owner, bob])
    assert.deepEqual(
      [member.keyring.present(ops)?.epoch_id, member.keyring.present(ops)?.history],
      [record.epoch_id, "joined"],
    );
  const next = await bob.keyring.rotate(ops);
  assert.deepEqual([next.history, next.created_by], ["joined", bob.person.memberId]);
  await mesh.owner.follow();
  assert.equal((await mesh.owner.keyring.rotate(ops, "all")).history, "all");
  await bob.follow();
  assert.equal(bob.keyring.present(ops)?.history, "all");
  const guest = await mesh.member("guest");
  mesh.chain.append(mesh.owner.person, { kind: "role", member_id: guest.person.memberId, role: "guest" });
  await guest.follow();
  await assert.rejects(guest.keyring.rotate(ops), { code: "not_allowed" });
});
