import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { EventFrame } from "../../protocol/frames.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { beginChainOf, newMemberOf, rotationOf } from "../testing/chain.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf, type Identity, newIdentity, type Peer, sealedDm, sealedShared } from "../testing/peer.ts";
import { sealMesh, type SealedMesh } from "../testing/sealed-mesh.ts";

async function sealed(context: TestContext): Promise<SealedMesh & { readonly fixture: Fixture }> {
  const fixture = await brokerFixture(context);
  return { fixture, ...(await sealMesh(fixture)) };
}

const isEvent =
  (name: EventFrame["event"]) =>
  (frame: unknown): frame is EventFrame => {
    const { type, event } = frame as { type: string; event?: string };
    return type === "event" && event === name;
  };
const codeOf = async (peer: Peer, envelope: unknown) => {
  const [answer] = await peer.sendItems([envelope]);
  return answer?.status === 201 ? 201 : (answer as { code?: string }).code;
};

test("a chain that the owner begins names its members: whoever an entry takes in opens links, and all hear of it", async (t) => {
  const { fixture, meshId, chain, admit, ownerLink } = await sealed(t);
  const bob = await admit("bob");
  const link = await fixture.connect(bob);
  assert.deepEqual(link.ack.membership, { n: 1, hash: chain.state().head });
  assert.equal(link.ack.member.name, "bob");
  const changed = await ownerLink.next(isEvent("membership_changed"));
  assert.deepEqual("head" in changed ? changed.head : null, { n: 1, hash: chain.state().head });
  const joined = await ownerLink.next(isEvent("member_joined"));
  assert.equal("member" in joined ? joined.member.name : "", "bob");
  const page = await link.request<"membership">({ type: "membership", after: -1 });
  assert.deepEqual(page.entries, chain.entries);
  assert.deepEqual(page.head, { n: 1, hash: chain.state().head });
  assert.deepEqual(page.log, { epoch: 1, head: 0 });
  assert.equal((await link.request<"membership">({ type: "membership", after: 0 })).entries.length, 1);
  assert.ok(fixture.logged.some(({ fields }) => fields["audit"] === "membership_admit" && fields["name"] === "bob"));
  const read = await fixture.admin("GET", `/v1/meshes/${meshId}/membership?after=0`);
  assert.deepEqual(read.json, { entries: chain.entries.slice(1), head: page.head, slug: "test" });
});

test("an entry that is not right, comes from an older head or begins again changes nothing", async (t) => {
  const { fixture, meshId, chain, owner, at, admit, append, ownerLink } = await sealed(t);
  const bob = await admit("bob");
  const head = chain.state().head;
  const late = chain.draft(owner, { kind: "policy", destination: "#ops", unsealed: true });
  await admit("carol");
  await assert.rejects(append(late), { message: "membership_moved" });
  const forged = chain.draft(
    { ...bob, privateKey: newIdentity().privateKey },
    { kind: "leave", through: { epoch: 1, seq: 0 } },
  );
  await assert.rejects(append(forged), { message: "membership_invalid" });
  const above = chain.draft(bob, { kind: "revoke", member_id: owner.memberId, through: { epoch: 1, seq: 0 } });
  await assert.rejects(append(above), { message: "not_allowed" });
  await assert.rejects(append({ ...above, kind: "banish" } as unknown as MembershipEntry), {
    message: "membership_newer",
  });
  await assert.rejects(append(beginChainOf(meshId, bob, at).entries[0] as MembershipEntry), { message: "mesh_sealed" });
  const page = await ownerLink.request<"membership">({ type: "membership", after: -1 });
  assert.deepEqual(page.head, { n: 2, hash: chain.state().head });
  assert.notEqual(page.head?.hash, head);
  const again = await fixture.admin("POST", `/v1/meshes/${meshId}/membership`, { entries: chain.entries });
  assert.deepEqual([again.status, again.json], [200, { ...page.head }], "entries that it has are passed over");
});

test("the admin socket begins the chain of a mesh from before there were chains for its owner, and for nobody else", async (t) => {
  const fixture = await brokerFixture(t);
  const path = `/v1/meshes/${fixture.meshId}`;
  const [owner, bob, stranger] = [newIdentity(), newIdentity(), newIdentity()];
  for (const [identity, name, role] of [
    [owner, "owner", "owner"],
    [bob, "bob", "member"],
  ] as const)
    await fixture.admin("POST", `${path}/members`, { member_id: identity.memberId, name, role });
  const at = rfc3339(fixture.clock.now());
  const begin = (who: Identity) =>
    fixture.admin("POST", `${path}/membership`, { entries: beginChainOf(fixture.meshId, who, at).entries });
  for (const who of [bob, stranger]) {
    const { status, json } = await begin(who);
    assert.deepEqual([status, json["code"]], [403, "not_allowed"]);
    assert.match(String(json["hint"]), /mesh seal.*@owner/);
  }
  assert.equal((await fixture.admin("GET", `${path}/membership`)).json["head"], null);
  assert.equal((await begin(owner)).status, 200);
});

test("nobody is added to a mesh that has a chain but by the chain", async (t) => {
  const { fixture, meshId } = await sealed(t);
  const added = await fixture.admin("POST", `/v1/meshes/${meshId}/members`, {
    member_id: newIdentity().memberId,
    name: "eve",
  });
  assert.deepEqual([added.status, added.json["code"]], [409, "mesh_sealed"]);
});

test("who is revoked or leaves loses its link for good, and is told so when it comes back", async (t) => {
  const { fixture, chain, owner, add, admit, ownerLink } = await sealed(t);
  const [bob, carol] = [await admit("bob"), await admit("carol")];
  const [bobLink, carolLink] = [await fixture.connect(bob), await fixture.connect(carol)];
  const through = { epoch: 1, seq: 0 };
  await add(owner, { kind: "revoke", member_id: bob.memberId, through });
  assert.equal((await bobLink.closed).code, 4005);
  const left = chain.add(carol, { kind: "leave", through });
  carolLink.send({ type: "membership_append", id: 99, entry: left });
  assert.equal((await carolLink.closed).code, 4005);
  for (const gone of [bob, carol]) await assert.rejects(fixture.connect(gone), /4005/);
  const told = await ownerLink.next(isEvent("member_left"));
  assert.equal("member" in told ? told.member.name : "", "bob");
  await assert.rejects(fixture.connect(newIdentity()), /4002/);
  await fixture.restart();
  await assert.rejects(fixture.connect(bob), /4005/);
  assert.equal((await fixture.connect(owner)).ack.membership?.hash, chain.state().head);
});

test("a hello is proven by the member's key in use: not by the one before, and not by another's", async (t) => {
  const { fixture, meshId, add, admit } = await sealed(t);
  const bob = await admit("bob");
  await fixture.connect(bob);
  const { content, rotated } = rotationOf(meshId, bob);
  await add(bob, content);
  await assert.rejects(fixture.connect(bob), /4002/);
  const keyId = content.kind === "rotate" ? content.keys.ed25519_pubkey : "";
  await assert.rejects(fixture.connect(rotated), /4002/, "signed by the new key under the old one's name");
  const link = await fixture.connect(rotated, { hello: { key_id: keyId } });
  assert.equal(link.ack.member.name, "bob");
});

test("a member that changes its keys has its answer, and then its link ends as in a restart: the next one is by the new keys", async (t) => {
  const { fixture, meshId, chain, admit, ownerLink } = await sealed(t);
  const [bob, carol] = [await admit("bob"), await admit("carol")];
  const [bobLink, carolLink] = [await fixture.connect(bob), await fixture.connect(carol)];
  const { content, rotated } = rotationOf(meshId, bob);
  const entry = chain.add(bob, content);
  const { n } = await bobLink.request<"membership_append">({ type: "membership_append", entry });
  assert.equal(n, entry.n);
  assert.equal((await bobLink.closed).code, 1012);
  const keyId = content.kind === "rotate" ? content.keys.ed25519_pubkey : "";
  const again = await fixture.connect(rotated, { hello: { key_id: keyId } });
  // What others change ends no link of theirs.
  await ownerLink.request<"membership">({ type: "membership", after: -1 });
  await carolLink.request<"membership">({ type: "membership", after: -1 });
  await again.request<"membership">({ type: "membership", after: -1 });
});

test("a sealed mesh takes no unsealed body by a link, and what its members allow each other decides the rest", async (t) => {
  const { fixture, meshId, owner, add, admit, ownerLink } = await sealed(t);
  const [bob, carol] = [await admit("bob"), await admit("carol")];
  const [bobLink, carolLink] = [await fixture.connect(bob), await fixture.connect(carol)];
  assert.equal(await codeOf(bobLink, envelopeOf(meshId, bob, carol.memberId, "hi")), "unsealed_body");
  const dm = (from: Identity, to: Identity) => envelopeOf(meshId, from, to.memberId, "hi", sealedDm);
  assert.equal(await codeOf(bobLink, dm(bob, carol)), 201);
  await add(carol, { kind: "dm_from", from: [owner.memberId] });
  assert.equal(await codeOf(bobLink, dm(bob, carol)), "not_allowed");
  assert.equal(await codeOf(ownerLink, dm(owner, carol)), 201);
  assert.equal(await codeOf(carolLink, dm(carol, carol)), 201, "its own always");
  await add(carol, { kind: "dm_from", from: null });
  assert.equal(await codeOf(bobLink, dm(bob, carol)), 201);
});

test("a member uses the topics and queues that it is limited to: sends, subscribes, claims, reads and makes no others", async (t) => {
  const { fixture, meshId, owner, add, admit, ownerLink } = await sealed(t);
  const bob = await admit("bob");
  const link = await fixture.connect(bob);
  for (const name of ["ops", "dev"]) {
    await ownerLink.request<"topic_create">({ type: "topic_create", name });
    await link.request<"subscribe">({ type: "subscribe", topic: name });
  }
  for (const name of ["jobs", "mail"])
    await ownerLink.request<"queue_create">({ type: "queue_create", name, deliveries_max: 5 });
  await add(owner, { kind: "grants", member_id: bob.memberId, destinations: ["#dev", "queue:jobs"] });
  const sealedTopic = (to: string) => envelopeOf(meshId, bob, to, "hi", sealedShared);
  assert.equal(await codeOf(link, sealedTopic("#dev")), 201);
  assert.equal(await codeOf(link, sealedTopic("#all")), 201);
  assert.equal(await codeOf(link, sealedTopic("queue:jobs")), 201);
  assert.equal(await codeOf(link, sealedTopic("#ops")), "not_allowed");
  assert.equal(await codeOf(link, sealedTopic("queue:mail")), "not_allowed");
  const claim = { type: "claim", limit: 1, lease_ms: 1_000, wait_ms: 0 } as const;
  assert.equal((await link.request<"claim">({ ...claim, queue: "jobs" })).messages.length, 1);
  for (const refused of [
    link.request<"claim">({ ...claim, queue: "mail" }),
    link.request<"subscribe">({ type: "subscribe", topic: "ops" }),
    link.request<"history">({ type: "history", address: "ops", before_seq: null, limit: 1 }),
    link.request<"topic_create">({ type: "topic_create", name: "mine" }),
    link.request<"queue_create">({ type: "queue_create", name: "mine", deliveries_max: 5 }),
    link.request<"queue_dead">({ type: "queue_dead", queue: "mail", after_seq: 0, limit: 1 }),
    link.request<"queue_requeue">({ type: "queue_requeue", queue: "mail", seqs: null }),
    link.request<"queue_delete">({ type: "queue_delete", queue: "mail", force: false }),
  ])
    await assert.rejects(refused, { message: "not_allowed" });
  // What the owner sends to the topic that was taken from it is pushed to it no more.
  const sent = await codeOf(ownerLink, envelopeOf(meshId, owner, "#ops", "secret", sealedShared));
  assert.equal(sent, 201);
  await ownerLink.sendItems([envelopeOf(meshId, owner, bob.memberId, "later", sealedDm)]);
  const pushed = await link.pushes(1);
  assert.ok(pushed.every(({ envelope }) => envelope?.destination_ref !== "ops"));
  assert.ok(pushed.some(({ envelope }) => envelope?.destination_kind === "dm"));
});

test("guests make no topics and no queues, and only owners and admins hear how others reach the broker", async (t) => {
  const { fixture, admit, ownerLink } = await sealed(t);
  const link = await fixture.connect(await admit("gus", "guest"));
  await assert.rejects(link.request<"topic_create">({ type: "topic_create", name: "mine" }), {
    message: "not_allowed",
  });
  await assert.rejects(link.request<"queue_create">({ type: "queue_create", name: "mine", deliveries_max: 5 }), {
    message: "not_allowed",
  });
  await assert.rejects(link.request<"reach">({ type: "reach", authority: null }), { message: "not_allowed" });
  const reach = await ownerLink.request<"reach">({ type: "reach", authority: null });
  assert.equal(reach.loopback, true);
});

test("members that no chain names yet announce their keys, and are told of until an entry takes them in", async (t) => {
  const fixture = await brokerFixture(t);
  const { meshId } = fixture;
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const [aliceLink, bobLink] = [await fixture.connect(alice), await fixture.connect(bob)];
  assert.equal(aliceLink.ack.membership, null);
  const { x25519_pubkey, proof } = newMemberOf(meshId, bob, "bob");
  await bobLink.request<"keys_announce">({ type: "keys_announce", x25519_pubkey, proof });
  await assert.rejects(
    aliceLink.request<"keys_announce">({ type: "keys_announce", x25519_pubkey, proof }),
    { message: "membership_invalid" },
    "another member's proof",
  );
  const { members } = await aliceLink.request<"keys_announced">({ type: "keys_announced" });
  assert.deepEqual(
    members.map((one) => [one.name, one.x25519_pubkey, one.proof]),
    [
      ["alice", null, null],
      ["bob", x25519_pubkey, proof],
    ],
  );
  const chain = beginChainOf(meshId, alice, rfc3339(fixture.clock.now()), "alice");
  const append = (entry: MembershipEntry) =>
    aliceLink.request<"membership_append">({ type: "membership_append", entry });
  await append(chain.entries[0] as MembershipEntry);
  // In the mesh but not in its chain: it may wait, and nothing of it passes.
  const toAlice = () => envelopeOf(meshId, bob, alice.memberId, "", sealedDm);
  assert.equal(await codeOf(bobLink, toAlice()), "not_a_member");
  const left = await aliceLink.request<"keys_announced">({ type: "keys_announced" });
  assert.deepEqual(
    left.members.map(({ name }) => name),
    ["bob"],
  );
  await append(
    chain.add(alice, {
      kind: "admit",
      member: { member_id: bob.memberId, name: "bob", x25519_pubkey, proof },
      role: "member",
    }),
  );
  assert.deepEqual((await aliceLink.request<"keys_announced">({ type: "keys_announced" })).members, []);
  assert.equal(await codeOf(bobLink, toAlice()), 201);
  await assert.rejects(bobLink.request<"keys_announce">({ type: "keys_announce", x25519_pubkey, proof }), {
    message: "mesh_sealed",
  });
});

test("a policy entry opens a topic for what API keys hand to the broker, and closes it", async (t) => {
  const { owner, add, ownerLink } = await sealed(t);
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "ops" });
  await add(owner, { kind: "policy", destination: "#ops", unsealed: true });
  const changed = await ownerLink.next(isEvent("topic_changed"));
  assert.equal("topic" in changed ? changed.topic.unsealed : null, true);
  const topic = async () =>
    (await ownerLink.request<"topics">({ type: "topics" })).topics.find(({ name }) => name === "ops");
  assert.equal((await topic())?.unsealed, true);
  await add(owner, { kind: "policy", destination: "#ops", unsealed: false });
  assert.equal((await topic())?.unsealed, false);
});

test("an owner begins the chain of a mesh by its own link, or anybody for it: nobody else becomes an owner so", async (t) => {
  const fixture = await brokerFixture(t);
  const { meshId } = fixture;
  const [alice, bob] = [newIdentity(), await fixture.member("bob")];
  await fixture.admin("POST", `/v1/meshes/${meshId}/members`, {
    member_id: alice.memberId,
    name: "alice",
    role: "owner",
  });
  const link = await fixture.connect(bob);
  const at = rfc3339(fixture.clock.now());
  const begin = (by: Identity, name: string) => {
    const entry = beginChainOf(meshId, by, at, name).entries[0] as MembershipEntry;
    return link.request<"membership_append">({ type: "membership_append", entry });
  };
  await assert.rejects(begin(bob, "bob"), { message: "not_allowed" });
  assert.equal((await begin(alice, "alice")).n, 0);
});

test("an invite that is over by the broker's clock takes nobody in, whenever a joiner says it is, but by an owner's link", async (t) => {
  const { fixture, meshId, chain, at, admit, append, invite: makeInvite } = await sealed(t);
  const bob = await admit("bob");
  const link = await fixture.connect(bob);
  const invite = await makeInvite({ expiresInMs: 60_000 });
  fixture.clock.advance(60_000);
  const late = chain.join(invite, newMemberOf(meshId, newIdentity(), "late"), at);
  await assert.rejects(link.request<"membership_append">({ type: "membership_append", entry: late }), {
    message: "invite_expired",
  });
  await append(late);
});
