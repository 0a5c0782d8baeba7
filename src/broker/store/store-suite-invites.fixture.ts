import assert from "node:assert/strict";
import { it } from "node:test";
import type { Admission } from "../../protocol/admission.ts";
import { limits } from "../../protocol/limits.ts";
import { newIdentity } from "../testing/peer.ts";
import type { Bench, On } from "./store-bench.fixture.ts";

/** The suite's part on who comes into a mesh by an invite. */
export function invites(on: On): void {
  const id = (digit: string): string => digit.repeat(64);
  const create = (
    { store, meshId, alice }: Bench,
    change: { invite_id?: string; uses?: number; expires_at?: number } = {},
  ) =>
    store.createInvite({
      mesh_id: meshId,
      invite_id: id("a"),
      role: "guest",
      uses: 1,
      created_by: alice.memberId,
      created_at: 10,
      expires_at: 100,
      ...change,
    });
  const admission = (name: string, change: Partial<Admission> = {}): Admission => ({
    invite_id: id("a"),
    member_id: newIdentity().memberId,
    x25519_pubkey: id("c"),
    name,
    invite_signature: "i",
    member_signature: "m",
    ...change,
  });

  it("admits as many members as an invite says, in its role, and what a member has from joining is theirs", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await create(under, { uses: 2 });
    const [carol, dave] = [admission("carol"), admission("dave")];
    const { member, admitted } = await store.admit(meshId, carol, 20);
    assert.deepEqual([admitted, member.name, member.role, member.joined_at], [true, "carol", "guest", 20]);
    assert.deepEqual((await store.cursors(meshId, carol.member_id)).map(({ destination }) => destination)[0], "dm");
    assert.ok((await store.admit(meshId, dave, 21)).admitted);
    await assert.rejects(store.admit(meshId, admission("erin"), 22), { code: "invite_used" });
    assert.equal((await store.invites(meshId))[0]?.used, 2);
  });

  it("admits the same member again at no cost, although the invite is used up, expired or revoked", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await create(under);
    const carol = admission("carol");
    await store.admit(meshId, carol, 20);
    for (const now of [21, 5_000]) assert.equal((await store.admit(meshId, carol, now)).admitted, false);
    await store.revokeInvite(meshId, id("a"), 30);
    const again = await store.admit(meshId, { ...carol, name: "other" }, 31);
    assert.deepEqual([again.admitted, again.member.name], [false, "carol"]);
    assert.equal((await store.invites(meshId))[0]?.used, 1);
  });

  it("refuses by what is wrong, and a refusal uses nothing up", async (t) => {
    const under = await on(t);
    const { store, meshId, bob } = under;
    await create(under);
    await create(under, { invite_id: id("b"), expires_at: 50 });
    await create(under, { invite_id: id("d") });
    await store.revokeInvite(meshId, id("d"), 15);
    const refused = async (change: Partial<Admission>, now: number, code: string) =>
      assert.rejects(store.admit(meshId, admission("carol", change), now), { code });
    await refused({ invite_id: id("e") }, 20, "invite_unknown");
    await refused({ invite_id: id("b") }, 50, "invite_expired");
    await refused({ invite_id: id("d") }, 20, "invite_revoked");
    await refused({ name: "BOB" }, 20, "already_exists");
    assert.deepEqual(
      (await store.invites(meshId)).map(({ used }) => used),
      [0, 0, 0],
    );
    assert.ok((await store.admit(meshId, admission("carol"), 99)).admitted, "the last moment is still good");
    await store.revokeMember(meshId, bob.memberId, 20);
    await create(under, { invite_id: id("f") });
    await refused({ invite_id: id("f"), member_id: bob.memberId, name: "bob" }, 20, "not_a_member");
  });

  it("of many that come at once admits as many as it says, and each of them once", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await create(under, { uses: 3 });
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.admit(meshId, admission(`member-${n}`), 20)),
    );
    assert.equal(all.filter(({ status }) => status === "fulfilled").length, 3);
    assert.equal((await store.members(meshId)).length, 5);
  });

  it("has a bound of open invites; closed ones make room, and upkeep forgets them with their uses", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    const numbered = (n: number) => n.toString(16).padStart(64, "0");
    for (let n = 0; n < limits.invitesOpenMax; n += 1) await create(under, { invite_id: numbered(n) });
    await assert.rejects(create(under), { code: "too_many_invites" });
    await store.revokeInvite(meshId, numbered(0), 11);
    await create(under, { expires_at: 90 });
    await assert.rejects(create(under, { invite_id: id("b") }), { code: "too_many_invites" });
    await store.admit(meshId, admission("carol"), 20);
    await create(under, { invite_id: id("b") });
    await assert.rejects(create(under, { invite_id: id("c") }), { code: "too_many_invites" });
    assert.equal(await store.expireInvites(meshId, 91, { limit: 10, dryRun: true }), 1);
    assert.equal(await store.expireInvites(meshId, 91, { limit: 10, dryRun: false }), 1);
    await assert.rejects(store.admit(meshId, admission("dave"), 20), { code: "invite_unknown" });
    assert.equal(await store.expireInvites(meshId, 1_000, { limit: 10, dryRun: false }), 10);
    assert.equal((await store.members(meshId)).length, 3, "who joined stays");
  });

  it("refuses the same invite twice, and revokes only what there is, once", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    await create(under);
    await assert.rejects(create(under), { code: "already_exists" });
    await assert.rejects(store.revokeInvite(meshId, id("b"), 20), { code: "invite_unknown" });
    assert.equal((await store.revokeInvite(meshId, id("a"), 20)).revoked_at, 20);
    assert.equal((await store.revokeInvite(meshId, id("a"), 30)).revoked_at, 20);
  });
}
