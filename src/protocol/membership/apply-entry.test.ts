import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { refusal } from "../refusal.fixture.ts";
import { rfc3339 } from "../time.ts";
import { beginChain } from "./apply-entry.ts";
import {
  newMember,
  nowMs,
  overTheWire,
  type Person,
  person,
  rotated,
  signingKeys,
  somewhere,
  testChain,
  x25519Hex,
} from "./chain.fixture.ts";
import { nextEntry, noChain } from "./chain.ts";
import { type EntryContent, type MembershipEntry, type Role, signEntry, signKeyProof } from "./entry.ts";
import { currentKeys, mayUse, memberNamed, roles, takesDmFrom } from "./state.ts";

/** Roles that each may give, and over whom it has power. */
const power: Readonly<Record<Role, readonly Role[]>> = {
  owner: ["owner", "admin", "member", "guest"],
  admin: ["admin", "member", "guest"],
  member: [],
  guest: [],
};
const admins: readonly Role[] = ["owner", "admin"];

/** A mesh with a second member of every role, so that each acts on another of each. */
function meshOfRoles() {
  const chain = testChain();
  const of = (suffix: string) =>
    Object.fromEntries(roles.map((role) => [role, chain.admit(`${role}-${suffix}`, role)])) as Record<Role, Person>;
  return { chain, makers: of("maker"), targets: of("target") };
}

/** What a kind says about a target or a role, and who may say it. */
const sayings: readonly {
  readonly what: string;
  readonly content: (target: Person, role: Role, meshId: string) => EntryContent;
  readonly allowed: (maker: Role, role: Role) => boolean;
}[] = [
  {
    what: "takes in a",
    content: (_, role, meshId) => ({ kind: "admit", member: newMember(meshId, person("new")), role }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "invites a",
    content: (_, role) => ({
      kind: "invite",
      invite_id: signingKeys().keyId,
      role,
      uses: 1,
      expires_at: rfc3339(nowMs + 1),
    }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "renames a",
    content: ({ by }) => ({ kind: "rename", member_id: by, name: "new-name" }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "makes a guest of a",
    content: ({ by }) => ({ kind: "role", member_id: by, role: "guest" }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "limits a",
    content: ({ by }) => ({ kind: "grants", member_id: by, destinations: ["#one"] }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "revokes a",
    content: ({ by }) => ({ kind: "revoke", member_id: by, through: somewhere }),
    allowed: (maker, role) => power[maker].includes(role),
  },
  {
    what: "opens a topic, whatever there is besides, a",
    content: () => ({ kind: "policy", destination: "#open", unsealed: true }),
    allowed: (maker) => admins.includes(maker),
  },
];

for (const { what, content, allowed } of sayings) {
  test(`who ${what}…: exactly those whose role has the power`, () => {
    for (const maker of roles) {
      for (const role of roles) {
        const { chain, makers, targets } = meshOfRoles();
        const said = content(targets[role], role, chain.meshId);
        if (allowed(maker, role)) chain.add(said, makers[maker]);
        else assert.equal(chain.refusedNext(said, makers[maker]), "not_allowed", `a ${maker} ${what} ${role}`);
      }
    }
  });
}

test("a member is raised to a role by those alone who have it themselves", () => {
  for (const maker of roles) {
    for (const role of roles) {
      const { chain, makers, targets } = meshOfRoles();
      const said: EntryContent = { kind: "role", member_id: targets.guest.by, role };
      if (power[maker].includes(role)) {
        chain.add(said, makers[maker]);
        assert.equal(chain.state.members.get(targets.guest.by)?.role, role);
      } else assert.equal(chain.refusedNext(said, makers[maker]), "not_allowed", `a ${maker} makes a ${role}`);
    }
  }
});

test("whatever its role, a member renames itself, chooses whose direct messages it takes, changes its keys and leaves", () => {
  for (const role of roles) {
    const { chain, makers, targets } = meshOfRoles();
    const maker = makers[role];
    chain.add({ kind: "rename", member_id: maker.by, name: "another" }, maker);
    chain.add({ kind: "dm_from", from: [targets.guest.by] }, maker);
    const member = chain.state.members.get(maker.by);
    assert.ok(member !== undefined);
    assert.deepEqual(
      [targets.guest, targets.owner, maker].map(({ by }) => takesDmFrom(member, by)),
      [true, false, true],
    );
    const { after, keys } = rotated(chain.meshId, maker);
    chain.add({ kind: "rotate", keys }, maker);
    chain.add({ kind: "leave", through: somewhere }, after);
    assert.deepEqual([member.status, member.through, member.name], ["left", somewhere, "another"]);
  }
});

test("a member that is limited uses what it was given, and #all", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  chain.add({ kind: "grants", member_id: mia.by, destinations: ["#build", "queue:jobs"] }, chain.owner);
  const member = chain.state.members.get(mia.by);
  assert.ok(member !== undefined);
  const places = ["#build", "queue:jobs", "#all", "#jobs", "queue:build", "#buil"];
  assert.deepEqual(
    places.map((place) => mayUse(member, place)),
    [true, true, true, false, false, false],
  );
  chain.add({ kind: "grants", member_id: mia.by, destinations: null }, chain.owner);
  assert.ok(places.every((place) => mayUse(member, place)));
});

test("what somebody may no longer use, and who is gone, are told apart from what was given on top", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  const told = (destinations: readonly string[] | null) => {
    const entry = chain.add({ kind: "grants", member_id: mia.by, destinations }, chain.owner);
    return chain.state.narrowedAt === entry.n;
  };
  assert.deepEqual(
    [told(["#a", "#b"]), told(["#a", "#b", "#c"]), told(["#a", "#c"]), told(null), told(["#a", "#b", "#c"]), told([])],
    [true, false, true, false, true, true],
  );
  const left = chain.add({ kind: "leave", through: somewhere }, mia);
  assert.equal(chain.state.narrowedAt, left.n);
});

test("a chain begins with one create, whose maker is the owner that it names, of the mesh that was asked for", () => {
  const chain = testChain();
  const { owner, meshId } = chain;
  const begin = (content: EntryContent, maker: Person, change: Partial<MembershipEntry> = {}) => {
    const { signature: _, ...entry } = nextEntry(noChain(meshId), content, maker, rfc3339(nowMs));
    const changed = signEntry({ ...entry, ...change } as MembershipEntry, maker.key);
    return refusal(() => beginChain(overTheWire(changed), meshId));
  };
  const create: EntryContent = { kind: "create", member: newMember(meshId, owner), unsealed_through: null };
  const other = person("other");
  assert.equal(begin({ kind: "leave", through: somewhere }, owner), "membership_invalid");
  assert.equal(begin(create, other), "membership_invalid", "another names the owner");
  assert.equal(begin(create, owner, { key_id: other.keyId }), "membership_invalid", "another key");
  assert.equal(begin(create, owner, { n: 1 }), "membership_invalid", "another place");
  assert.equal(begin(create, owner, { previous: chain.state.head }), "membership_invalid", "after another entry");
  assert.equal(begin(create, owner, { mesh_id: testChain().meshId }), "membership_invalid", "another mesh");
  const elsewhere = { ...create, member: newMember(testChain().meshId, owner) };
  assert.equal(begin(elsewhere, owner), "membership_invalid", "keys proven for another mesh");
  const [first] = chain.entries;
  assert.ok(first !== undefined);
  assert.equal(
    refusal(() => beginChain(first, testChain().meshId)),
    "membership_invalid",
    "all of another mesh",
  );
  const forged = signEntry(first, other.key);
  assert.equal(
    refusal(() => beginChain(forged, meshId)),
    "membership_invalid",
    "another's signature",
  );
  assert.equal(chain.refusedNext(create, owner), "membership_invalid", "a second beginning");
});

test("an entry at another place, after another head, of another mesh, by another key or another's signature is refused", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  const stranger = person("stranger");
  const entry = chain.next({ kind: "policy", destination: "#a", unsealed: true }, chain.owner);
  const changed = (change: Partial<MembershipEntry>, key = chain.owner.key) =>
    chain.refused(signEntry({ ...entry, ...change } as MembershipEntry, key));
  const wrong: readonly Partial<MembershipEntry>[] = [
    { n: entry.n + 1 },
    { n: entry.n - 1 },
    { n: 0 },
    { previous: null },
    { previous: "0".repeat(64) },
    { previous: chain.entries[0]?.previous ?? "f".repeat(64) },
    { mesh_id: testChain().meshId },
    { key_id: mia.keyId },
    { key_id: stranger.keyId },
  ];
  for (const change of wrong) assert.equal(changed(change), "membership_invalid", JSON.stringify(change));
  assert.equal(changed({}, mia.key), "membership_invalid", "signed by another");
  assert.equal(changed({ by: stranger.by, key_id: stranger.keyId }, stranger.key), "not_a_member");
  assert.equal(chain.refused({ ...entry, signature: mia.key.type.padEnd(86, "A") }), "membership_invalid");
  chain.add({ kind: "policy", destination: "#a", unsealed: true }, chain.owner);
});

test("after a rotation the old key says nothing more, and comes back neither as a key nor as another's", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  const { after, keys } = rotated(chain.meshId, mia);
  chain.add({ kind: "rotate", keys }, mia);
  const member = chain.state.members.get(mia.by);
  assert.ok(member !== undefined);
  assert.deepEqual(currentKeys(member), { keyId: after.keyId, x25519: after.x25519, since: 2 });
  const rename: EntryContent = { kind: "rename", member_id: mia.by, name: "mila" };
  assert.equal(chain.refusedNext(rename, mia), "membership_invalid");
  assert.equal(chain.refusedNext(rename, { ...after, by: after.keyId }), "not_a_member", "a key is no member");
  const again = (ed: Person, x25519: string) =>
    signKeyProof(chain.meshId, mia.by, { ed25519_pubkey: ed.keyId, x25519_pubkey: x25519 }, ed.key);
  const next = { ...after, ...signingKeys() };
  for (const said of [again(mia, x25519Hex()), again(next, mia.x25519), again(next, after.x25519)])
    assert.equal(chain.refusedNext({ kind: "rotate", keys: said }, after), "membership_invalid");
  chain.add({ kind: "rotate", keys: again(next, x25519Hex()) }, after);
  chain.add(rename, next);
});

test("a member changes its keys a bounded number of times", () => {
  const chain = testChain();
  let owner = chain.owner;
  for (let kept = 1; kept < limits.memberKeysMax; kept += 1) {
    const { after, keys } = rotated(chain.meshId, owner);
    chain.add({ kind: "rotate", keys }, owner);
    owner = after;
  }
  assert.equal(
    chain.refusedNext({ kind: "rotate", keys: rotated(chain.meshId, owner).keys }, owner),
    "membership_invalid",
  );
});

test("keys that do not prove each other, or prove it to another mesh or for another member, come in by no entry", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "member");
  const invite = chain.invite(chain.owner, "member", 5);
  const zoe = person("zoe");
  const good = newMember(chain.meshId, zoe);
  const bad = [
    { ...good, x25519_pubkey: x25519Hex() },
    { ...good, proof: newMember(chain.meshId, person("zoe")).proof },
    newMember(testChain().meshId, zoe),
    newMember(chain.meshId, { ...zoe, key: mia.key }),
  ];
  for (const member of bad) {
    assert.equal(chain.refusedNext({ kind: "admit", member, role: "guest" }, chain.owner), "membership_invalid");
    assert.equal(chain.refusedNext({ kind: "join", member }, invite), "membership_invalid");
  }
  const { keys } = rotated(chain.meshId, mia);
  const wrong = [
    { ...keys, x25519_pubkey: x25519Hex() },
    { ...keys, ed25519_pubkey: signingKeys().keyId },
    rotated(chain.meshId, chain.owner).keys,
    rotated(testChain().meshId, mia).keys,
  ];
  for (const said of wrong) assert.equal(chain.refusedNext({ kind: "rotate", keys: said }, mia), "membership_invalid");
});

test("who is revoked or has left says nothing, is changed by nobody and never comes back", () => {
  for (const gone of ["revoked", "left"] as const) {
    const chain = testChain();
    const ada = chain.admit("ada", "admin");
    const through = { epoch: 3, seq: 1_000 };
    if (gone === "revoked") chain.add({ kind: "revoke", member_id: ada.by, through }, chain.owner);
    else chain.add({ kind: "leave", through }, ada);
    const member = chain.state.members.get(ada.by);
    assert.deepEqual([member?.status, member?.through], [gone, through]);
    const says: readonly EntryContent[] = [
      { kind: "rename", member_id: ada.by, name: "ida" },
      { kind: "leave", through: somewhere },
      { kind: "rotate", keys: rotated(chain.meshId, ada).keys },
      { kind: "policy", destination: "#a", unsealed: true },
    ];
    for (const said of says) assert.equal(chain.refusedNext(said, ada), "not_a_member", said.kind);
    const of: readonly EntryContent[] = [
      { kind: "rename", member_id: ada.by, name: "ida" },
      { kind: "role", member_id: ada.by, role: "owner" },
      { kind: "grants", member_id: ada.by, destinations: null },
      { kind: "revoke", member_id: ada.by, through: { epoch: 9, seq: 9 } },
      { kind: "admit", member: newMember(chain.meshId, { ...ada, name: "ida" }), role: "member" },
    ];
    for (const said of of) assert.equal(chain.refusedNext(said, chain.owner), "not_a_member", said.kind);
    const back: EntryContent = { kind: "join", member: newMember(chain.meshId, ada) };
    assert.equal(chain.refusedNext(back, chain.invite(chain.owner, "member", 1)), "not_a_member");
  }
});

test("a mesh keeps an owner: the last one neither leaves nor lays its role down, and nobody revokes itself", () => {
  const chain = testChain();
  const { owner } = chain;
  const leave: EntryContent = { kind: "leave", through: somewhere };
  const down: EntryContent = { kind: "role", member_id: owner.by, role: "admin" };
  const revoke: EntryContent = { kind: "revoke", member_id: owner.by, through: somewhere };
  chain.admit("anna", "admin");
  const gone = chain.admit("gone", "owner");
  chain.add({ kind: "revoke", member_id: gone.by, through: somewhere }, owner);
  assert.equal(chain.refusedNext(leave, owner), "last_owner");
  assert.equal(chain.refusedNext(down, owner), "last_owner");
  assert.equal(chain.refusedNext(revoke, owner), "not_allowed");
  chain.add({ kind: "role", member_id: owner.by, role: "owner" }, owner);
  const second = chain.admit("second", "owner");
  chain.add(down, owner);
  assert.equal(chain.refusedNext({ ...down, role: "owner" }, owner), "not_allowed", "nobody takes a role back itself");
  assert.equal(chain.refusedNext(leave, second), "last_owner");
  chain.add(leave, owner);
});

test("a name once given stays its member's, whatever it is called now, whether it is there or gone", () => {
  const chain = testChain();
  const alice = chain.admit("alice", "member");
  const bob = chain.admit("bob", "member");
  const invite = chain.invite(chain.owner, "member", 9);
  const rename = (who: Person, name: string): EntryContent => ({ kind: "rename", member_id: who.by, name });
  const taken = (name: string) => {
    const other: NewComer = newMember(chain.meshId, person(name));
    assert.equal(chain.refusedNext(rename(bob, name), bob), "already_exists");
    assert.equal(chain.refusedNext({ kind: "admit", member: other, role: "guest" }, chain.owner), "already_exists");
    assert.equal(chain.refusedNext({ kind: "join", member: other }, invite), "already_exists");
  };
  chain.add(rename(alice, "alicia"), alice);
  for (const name of ["alice", "alicia"]) {
    taken(name);
    assert.equal(memberNamed(chain.state, name.toUpperCase())?.memberId, alice.by);
  }
  chain.add(rename(alice, "alice"), alice);
  assert.equal(chain.state.members.get(alice.by)?.name, "alice");
  taken("alicia");
  chain.add(rename(alice, "alice"), chain.owner);
  chain.add({ kind: "leave", through: somewhere }, alice);
  for (const name of ["alice", "alicia"]) taken(name);
  assert.equal(memberNamed(chain.state, "alicia")?.memberId, alice.by);
});

type NewComer = ReturnType<typeof newMember>;

test("a member is in the mesh once, whatever name it comes back under", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "guest");
  const again = newMember(chain.meshId, { ...mia, name: "mila" });
  assert.equal(chain.refusedNext({ kind: "admit", member: again, role: "owner" }, chain.owner), "already_exists");
  const join: EntryContent = { kind: "join", member: again };
  assert.equal(chain.refusedNext(join, chain.invite(chain.owner, "owner", 1)), "already_exists");
});

test("who is no admin adds a bounded number of entries to everybody's chain", () => {
  const chain = testChain();
  const mia = chain.admit("mia", "guest");
  for (let made = 0; made < limits.memberEntriesMax; made += 1) chain.add({ kind: "dm_from", from: null }, mia);
  assert.equal(chain.refusedNext({ kind: "dm_from", from: null }, mia), "not_allowed");
  assert.equal(chain.refusedNext({ kind: "rename", member_id: mia.by, name: "mila" }, mia), "not_allowed");
  chain.add({ kind: "rename", member_id: mia.by, name: "mila" }, chain.owner);
  chain.add({ kind: "leave", through: somewhere }, mia);
});

test("an entry is applied once", () => {
  const chain = testChain();
  const entry = chain.add({ kind: "policy", destination: "#a", unsealed: true }, chain.owner);
  assert.equal(chain.refused(entry), "membership_invalid");
  assert.equal(chain.refused({ ...entry, n: entry.n + 1 }), "membership_invalid");
  assert.equal(chain.refused({ ...entry, n: entry.n + 1, previous: chain.state.head }), "membership_invalid");
});
