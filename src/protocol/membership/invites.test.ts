import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { rfc3339 } from "../time.ts";
import { newMember, nowMs, person, signingKeys, somewhere, testChain } from "./chain.fixture.ts";
import type { EntryMaker } from "./chain.ts";
import type { EntryContent, Role } from "./entry.ts";
import { closedInviteCode } from "./invites.ts";

test("an invite admits as many as it says, in its role, until it expires", () => {
  const chain = testChain();
  const invite = chain.invite(chain.owner, "guest", 2, nowMs + 1_000);
  const first = chain.join(invite, "first");
  assert.equal(chain.state.members.get(first.by)?.role, "guest");
  const join = { kind: "join", member: newMember(chain.meshId, person("second")) } as const;
  assert.equal(chain.refusedNext(join, invite, nowMs + 1_000), "invite_expired");
  const { at, n } = chain.add(join, invite, nowMs + 999);
  const second = chain.state.members.get(join.member.member_id);
  assert.deepEqual([second?.joinedAt, second?.since], [at, n]);
  assert.equal(
    chain.refusedNext({ kind: "join", member: newMember(chain.meshId, person("third")) }, invite),
    "invite_used",
  );
});

test("only the invite's own key signs a join, and it signs nothing else", () => {
  const chain = testChain();
  const invite = chain.invite(chain.owner, "owner", 2);
  const other = chain.invite(chain.owner, "guest", 2);
  const zoe = person("zoe");
  const join: EntryContent = { kind: "join", member: newMember(chain.meshId, zoe) };
  assert.equal(chain.refusedNext(join, { ...invite, key: other.key }), "membership_invalid");
  assert.equal(chain.refusedNext(join, { ...invite, keyId: other.keyId, key: other.key }), "membership_invalid");
  assert.equal(chain.refusedNext(join, { ...invite, key: zoe.key }), "membership_invalid");
  const { keyId, key } = signingKeys();
  assert.equal(chain.refusedNext(join, { by: keyId, keyId, key }), "invite_unknown");
  assert.equal(chain.refusedNext(join, chain.owner), "invite_unknown", "an owner signs no join with its own key");
  for (const said of [
    { kind: "admit", member: newMember(chain.meshId, zoe), role: "guest" },
    { kind: "policy", destination: "#a", unsealed: true },
    { kind: "leave", through: somewhere },
  ] as const)
    assert.equal(chain.refusedNext(said, invite), "not_a_member", said.kind);
});

test("an invite that was taken back admits nobody, also after its maker is gone", () => {
  const chain = testChain();
  const anna = chain.admit("anna", "admin");
  const invite = chain.invite(anna, "member", 5);
  chain.join(invite, "early");
  chain.add({ kind: "invite_revoke", invite_id: invite.by }, chain.owner);
  const join: EntryContent = { kind: "join", member: newMember(chain.meshId, person("late")) };
  assert.equal(chain.refusedNext(join, invite), "invite_revoked");
  chain.add({ kind: "invite_revoke", invite_id: invite.by }, anna);
  const mia = chain.admit("mia", "member");
  assert.equal(chain.refusedNext({ kind: "invite_revoke", invite_id: invite.by }, mia), "not_allowed");
  assert.equal(chain.refusedNext({ kind: "invite_revoke", invite_id: signingKeys().keyId }, anna), "invite_unknown");
});

test("an invite ends with its maker's power to make it: revoked, gone, or in a lower role", () => {
  const ends: readonly {
    readonly what: string;
    readonly said: (by: string) => EntryContent;
    readonly self: boolean;
  }[] = [
    { what: "revoked", said: (by) => ({ kind: "revoke", member_id: by, through: somewhere }), self: false },
    { what: "left", said: () => ({ kind: "leave", through: somewhere }), self: true },
    { what: "member", said: (by) => ({ kind: "role", member_id: by, role: "member" }), self: false },
    { what: "guest", said: (by) => ({ kind: "role", member_id: by, role: "guest" }), self: true },
  ];
  for (const { what, said, self } of ends) {
    const chain = testChain();
    const anna = chain.admit("anna", "admin");
    const hers = chain.invite(anna, "guest", 5);
    const others = chain.invite(chain.owner, "guest", 5);
    chain.add(said(anna.by), self ? anna : chain.owner);
    const join: EntryContent = { kind: "join", member: newMember(chain.meshId, person("zoe")) };
    assert.equal(chain.refusedNext(join, hers), "invite_revoked", what);
    chain.add(join, others);
  }
});

test("an owner that is an admin now has no invite left that makes owners; those that an admin may make stay good", () => {
  const chain = testChain();
  const second = chain.admit("second", "owner");
  const invites = (["owner", "admin", "guest"] as const).map(
    (role): readonly [Role, ReturnType<typeof chain.invite>] => [role, chain.invite(second, role, 5)],
  );
  chain.add({ kind: "role", member_id: second.by, role: "admin" }, chain.owner);
  for (const [role, invite] of invites) {
    const join: EntryContent = { kind: "join", member: newMember(chain.meshId, person(`new-${role}`)) };
    if (role === "owner") assert.equal(chain.refusedNext(join, invite), "invite_revoked");
    else chain.add(join, invite);
  }
});

test("an invite is made once, and a mesh has a bounded number that can still be used", () => {
  const chain = testChain();
  const { keyId } = signingKeys();
  const invite = (id: string, expiresAt: number): EntryContent => ({
    kind: "invite",
    invite_id: id,
    role: "guest",
    uses: 1,
    expires_at: rfc3339(expiresAt),
  });
  chain.add(invite(keyId, nowMs + 5), chain.owner);
  assert.equal(chain.refusedNext(invite(keyId, nowMs + 5), chain.owner), "already_exists");
  for (let made = 1; made < limits.invitesOpenMax; made += 1) chain.invite(chain.owner, "guest", 1, nowMs + 1_000);
  assert.equal(chain.refusedNext(invite(signingKeys().keyId, nowMs + 1_000), chain.owner), "too_many_invites");
  chain.add(invite(signingKeys().keyId, nowMs + 1_000), chain.owner, nowMs + 5);
  assert.equal(
    chain.refusedNext(invite(signingKeys().keyId, nowMs + 1_000), chain.owner, nowMs + 5),
    "too_many_invites",
  );
  chain.add({ kind: "invite_revoke", invite_id: keyId }, chain.owner);
});

test("what an invite costs does not grow with those that are over: nobody looks at them again", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  for (let made = 0; made < 4; made += 1) chain.join(chain.invite(chain.owner, "guest", 1), `guest-${made}`);
  let looks = 0;
  const { invites } = chain.state;
  invites.values = () => {
    looks += 1;
    return Map.prototype.values.call(invites) as ReturnType<typeof invites.values>;
  };
  chain.join(chain.invite(chain.owner, "guest", 1), "late");
  chain.add({ kind: "leave", through: somewhere }, mia);
  assert.equal(looks, 0);
});

test("invites that can still be used are counted right, however they end", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 24 }), (acts) => {
      const chain = testChain();
      const anna = chain.admit("anna", "admin");
      const made: EntryMaker[] = [];
      const of = (index: number) => made[index % Math.max(made.length, 1)];
      for (const [turn, { what, index, ms }] of acts.entries()) {
        const invite = of(index);
        if (what === "make") made.push(chain.invite(index % 2 === 0 ? anna : chain.owner, "guest", 2, nowMs + ms));
        else if (invite === undefined) continue;
        else if (what === "revoke") chain.add({ kind: "invite_revoke", invite_id: invite.by }, chain.owner);
        else if (what === "lower") chain.add({ kind: "role", member_id: anna.by, role: "admin" }, chain.owner);
        else if (closedInviteCode(chain.state.invites.get(invite.by) ?? assert.fail(), nowMs) === null)
          chain.join(invite, `guest-${turn}`);
      }
      if (acts.length % 2 === 0) chain.add({ kind: "role", member_id: anna.by, role: "guest" }, chain.owner);
      const usable = [...chain.state.invites.values()].filter(({ revoked, used, uses }) => !revoked && used < uses);
      const until = usable.map(({ expiresAt }) => Date.parse(expiresAt)).sort((a, b) => a - b);
      assert.deepEqual(chain.state.usableUntil, until);
    }),
    { numRuns: 40 },
  );
});

const act = fc.record({
  what: fc.constantFrom("make", "make", "revoke", "use", "lower"),
  index: fc.nat(7),
  ms: fc.integer({ min: -3, max: 3 }),
});
