import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { MembershipEntry } from "../../src/protocol/membership/entry.ts";
import { entryHash, entryText } from "../../src/protocol/membership/entry.ts";
import { newMember, person, rotated, signingKeys } from "../../src/protocol/membership/chain.fixture.ts";
import { ClaudemeshError } from "../../src/protocol/error.ts";
import type { HostileBroker } from "../support/hostile-broker.ts";
import {
  allOf,
  chainOf,
  entryBy,
  eventsUntil,
  type HostileMember,
  hostileMesh,
  onRepliesTo,
  sendsTo,
  shownTexts,
  troubleBecomes,
} from "../support/hostile-mesh.ts";

async function rejection(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (thrown) {
    return ClaudemeshError.from(thrown).code;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

function headOf(entry: MembershipEntry): { readonly n: number; readonly hash: string } {
  return { n: entry.n, hash: entryHash(entryText(entry)) };
}

/** Shows a member entries above its own, as if the mesh had gone on by them. */
function showEntries(hostile: HostileBroker, { memberId }: HostileMember, entries: readonly MembershipEntry[]): void {
  const newest = entries.at(-1);
  assert.ok(newest !== undefined);
  const head = headOf(newest);
  hostile.plot(onRepliesTo(memberId, "membership", (result) => ({ ...result, entries, head })));
  hostile.linkOf(memberId).tellDaemon({ type: "event", event: "membership_changed", head });
}

test("members, names, roles and keys that only the broker tells of are believed by nobody", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await sendsTo(alice, bob, "before");
  const before = await alice.client.members();
  const invented = {
    member_id: randomBytes(32).toString("hex"),
    name: "security",
    role: "owner",
    online: true,
    agents: [],
    last_seen_at: null,
  };
  hostile.plot(
    onRepliesTo(alice.memberId, "members", ({ members: told }) => ({
      members: [
        ...(told as { member_id: string; name: string }[])
          .filter(({ member_id: id }) => id !== carol.memberId)
          .map((member) => ({
            ...member,
            name: member.member_id === bob.memberId ? "carol" : member.name,
            role: "owner",
            x25519_pubkey: randomBytes(32).toString("hex"),
            key_id: invented.member_id,
          })),
        invented,
      ],
    })),
  );
  for (const event of ["member_joined", "member_left", "member_renamed", "member_revoked", "member_keypair_rotated"])
    for (const member of [invented, { ...invented, member_id: bob.memberId, name: "mallory" }])
      hostile.linkOf(alice.memberId).tellDaemon({ type: "event", event, member });
  hostile.linkOf(alice.memberId).cut();
  await hostile.next(
    ({ from, memberId, frame }) =>
      from === "broker" && memberId === alice.memberId && "members" in ((frame["result"] as object | undefined) ?? {}),
  );
  const item = await sendsTo(alice, carol, "for carol, whoever is called so");
  assert.equal(item.from.name, "alice");
  const facts = (list: Awaited<ReturnType<typeof alice.client.members>>) =>
    list.map(({ member_id, name, role, status, key_ids }) => ({ member_id, name, role, status, key_ids }));
  assert.deepEqual(facts(await alice.client.members()), facts(before));
  assert.equal(await rejection(alice.client.send({ to: "@security", message: "help" })), "unknown_destination");
  assert.deepEqual(await shownTexts(bob), ["before"]);
  const told = await eventsUntil(carol, ({ event }) => event === "message");
  assert.ok(told.length > 0);
  const events = await eventsUntil(
    alice,
    ({ event, data }) => event === "receipt" && data["stage"] === "delivered" && data["to"] !== null,
  );
  const news = events.filter(({ event }) => event.startsWith("member_")).map(({ data }) => data["member_id"]);
  assert.deepEqual(
    [...new Set(news)].sort(),
    [bob.memberId, carol.memberId].sort(),
    "told of those who were taken in, by the chain",
  );
  hostile.plot(null);
  await sendsTo(bob, alice, "honest");
});

test("entries that nobody may make change no membership: forged, by a member without the power, with another's keys", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  const { state, entries } = chainOf(bob);
  const mallory = newMember(state.meshId, person("mallory"));
  const stranger = signingKeys();
  const admit = entryBy(alice, state, { kind: "admit", member: mallory, role: "owner" });
  const carolsKeys = rotated(state.meshId, { ...person("bob"), by: bob.memberId });
  const lies: readonly (readonly [string, MembershipEntry])[] = [
    [
      "a signature of nobody",
      {
        ...entryBy(carol, state, { kind: "admit", member: mallory, role: "guest" }),
        by: alice.memberId,
        key_id: alice.memberId,
      },
    ],
    ["a changed role", { ...admit, role: "admin" } as MembershipEntry],
    ["a member admits", entryBy(carol, state, { kind: "admit", member: mallory, role: "guest" })],
    ["a member raises itself", entryBy(carol, state, { kind: "role", member_id: carol.memberId, role: "owner" })],
    [
      "a member revokes",
      entryBy(carol, state, { kind: "revoke", member_id: alice.memberId, through: { epoch: 1, seq: 0 } }),
    ],
    [
      "a member invites",
      entryBy(carol, state, {
        kind: "invite",
        invite_id: stranger.keyId,
        role: "admin",
        uses: 9,
        expires_at: "2099-01-01T00:00:00.000Z",
      }),
    ],
    ["a member opens a topic", entryBy(carol, state, { kind: "policy", destination: "#all", unsealed: true })],
    ["another's keys", entryBy(carol, state, { kind: "rotate", keys: carolsKeys.keys })],
    [
      "another's keys in its name",
      { ...entryBy(carol, state, { kind: "rotate", keys: carolsKeys.keys }), by: bob.memberId, key_id: bob.memberId },
    ],
    ["a stranger's join", entryBy({ ...carol, memberId: stranger.keyId }, state, { kind: "join", member: mallory })],
    ["a kind of later", { ...admit, kind: "decree" } as unknown as MembershipEntry],
  ];
  for (const [what, lie] of lies) {
    showEntries(hostile, bob, [lie]);
    const code = what === "a kind of later" ? "membership_newer" : "membership_invalid";
    await troubleBecomes(bob, code);
    const shown = await bob.client.membership.show();
    assert.deepEqual([shown.n, shown.head], [state.n, state.head], what);
    hostile.plot(null);
    hostile
      .linkOf(bob.memberId)
      .tellDaemon({ type: "event", event: "membership_changed", head: { n: state.n, hash: "0".repeat(64) } });
    await troubleBecomes(bob, null);
    await sendsTo(alice, bob, `honest after ${what}`);
  }
  assert.deepEqual(chainOf(bob).entries, entries);
  assert.equal(bob.logged.filter(({ level }) => level === "error").length, lies.length, "each was said loudly");
});

test("a membership that is rolled back is neither followed nor kept quiet, and what the broker lost is handed in again", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  const { state, entries } = chainOf(bob);
  const older = entries.at(-2);
  assert.ok(older !== undefined);
  for (const head of [headOf(older), null]) {
    const handedIn: unknown[] = [];
    const back = onRepliesTo(bob.memberId, "membership", (result) => ({ ...result, entries: [], head }));
    hostile.plot(
      allOf(back, {
        toBroker: (frame, link) => {
          if (frame.type !== "membership_append" || link.memberId !== bob.memberId) return [frame];
          handedIn.push(frame.entry);
          link.tellDaemon({ type: "reply", id: frame.id, result: headOf(frame.entry) });
          return [];
        },
        toDaemon: (frame) => [frame.type === "hello_ack" ? { ...frame, membership: head } : frame],
      }),
    );
    const handed = hostile.next(
      ({ frame }) => frame["type"] === "membership_append" && (frame["entry"] as MembershipEntry).n === state.n,
    );
    hostile.linkOf(bob.memberId).cut();
    await troubleBecomes(bob, "membership_rolled_back");
    await handed;
    const shown = await bob.client.membership.show();
    assert.deepEqual([shown.n, shown.head], [state.n, state.head]);
    assert.deepEqual(
      handedIn.slice(0, head === null ? entries.length : 1),
      head === null ? entries : entries.slice(-1),
    );
    hostile.plot(null);
    hostile.linkOf(bob.memberId).cut();
    await troubleBecomes(bob, null);
    await sendsTo(carol, bob, `honest ${head?.n}`);
  }
  const told = await eventsUntil(
    bob,
    ({ event, data }) => event === "message" && data["message"] === "honest undefined",
  );
  assert.equal(told.filter(({ event }) => event === "membership_rolled_back").length, 2);
  assert.ok(bob.logged.some(({ level, fields }) => level === "error" && fields["code"] === "membership_rolled_back"));
  await sendsTo(alice, bob, "and from alice");
});

test("another membership than the one that is pinned is not taken, whoever signed it, and said loudly", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob } = members;
  const { state, entries } = chainOf(bob);
  const [create, admitBob] = entries;
  assert.ok(create !== undefined && admitBob !== undefined);
  const beforeCarol = { meshId: state.meshId, ...{ n: admitBob.n, head: headOf(admitBob).hash } };
  const mallory = newMember(state.meshId, person("mallory"));
  // The owner's own key says it: somebody has it, or the owner says one thing here and another there.
  const other = entryBy(alice, beforeCarol, { kind: "admit", member: mallory, role: "admin" });
  const next = entryBy(
    alice,
    { meshId: state.meshId, ...{ n: other.n, head: headOf(other).hash } },
    { kind: "policy", destination: "#all", unsealed: true },
  );
  for (const fork of [[other], [next]]) {
    showEntries(hostile, bob, fork);
    await troubleBecomes(bob, "membership_forked");
    const shown = await bob.client.membership.show();
    assert.deepEqual([shown.n, shown.head], [state.n, state.head]);
    assert.equal(await rejection(bob.client.send({ to: "@mallory", message: "hello" })), "unknown_destination");
    assert.equal(await rejection(bob.client.membership.rename("@bob", "rob")), "membership_forked");
    hostile.plot(null);
    hostile.linkOf(bob.memberId).cut();
    await troubleBecomes(bob, null);
    await sendsTo(alice, bob, `honest ${fork[0]?.n}`);
  }
  const told = await eventsUntil(
    bob,
    ({ event, data }) => event === "message" && data["message"] === `honest ${next.n}`,
  );
  assert.equal(told.filter(({ event }) => event === "membership_forked").length, 2);
});

test("a revocation that is hidden from a member is found by the first message of somebody who knows it, and nothing is shown before", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await sendsTo(carol, bob, "while a member");
  const { state } = chainOf(bob);
  const head = { n: state.n, hash: state.head };
  hostile.plot(
    allOf(
      onRepliesTo(bob.memberId, "membership", (result) => ({ ...result, entries: [], head })),
      {
        toDaemon: (frame, link) =>
          link.memberId === bob.memberId &&
          frame.type === "event" &&
          (frame as { event: string }).event === "membership_changed"
            ? []
            : [frame],
      },
    ),
  );
  await alice.client.membership.revoke("@carol");
  await carol.daemon.ended;
  await alice.client.send({ to: "@bob", message: "carol is gone", client_message_id: "gone" });
  await eventsUntil(bob, ({ event }) => event === "undecryptable");
  assert.deepEqual(await shownTexts(bob), ["while a member"]);
  const { items } = await bob.client.inbox.undecryptable();
  assert.deepEqual(
    items.map(({ code, final }) => [code, final]),
    [["membership_unexplained", false]],
  );
  hostile.plot(null);
  hostile.linkOf(bob.memberId).cut();
  await eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === "carol is gone");
  assert.equal(
    (await bob.client.members()).find(({ member_id: id }) => id === carol.memberId),
    undefined,
  );
  assert.equal(chainOf(bob).state.members.get(carol.memberId)?.status, "revoked");
  await sendsTo(bob, alice, "honest");
});
