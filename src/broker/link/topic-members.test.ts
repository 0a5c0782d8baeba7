import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerFixture } from "../testing/fixture.ts";

test("a topic's members are those subscribed now, each with its presence, whoever asks", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const bob = await fixture.member("bob");
  const carol = await fixture.member("carol");
  const [first, second] = [await fixture.connect(alice), await fixture.connect(carol)];
  await first.request<"topic_create">({ type: "topic_create", name: "builds" });
  await second.request<"subscribe">({ type: "subscribe", topic: "builds" });
  const ask = async () =>
    (await second.request<"topic_members">({ type: "topic_members", topic: "builds" })).members.map(
      ({ member_id, name, role }) => [member_id, name, role],
    );
  assert.deepEqual(await ask(), [
    [alice.memberId, "alice", "member"],
    [carol.memberId, "carol", "member"],
  ]);
  await second.request<"unsubscribe">({ type: "unsubscribe", topic: "builds" });
  assert.deepEqual(await ask(), [[alice.memberId, "alice", "member"]]);
  const everyone = await first.request<"topic_members">({ type: "topic_members", topic: "all" });
  assert.deepEqual(
    everyone.members.map(({ member_id, online }) => [member_id, online]),
    [
      [alice.memberId, true],
      [bob.memberId, false],
      [carol.memberId, true],
    ],
  );
});

test("the members of a topic that does not exist are refused", async (context) => {
  const fixture = await brokerFixture(context);
  const peer = await fixture.connect(await fixture.member("alice"));
  await assert.rejects(
    peer.request<"topic_members">({ type: "topic_members", topic: "nothing" }),
    /unknown_destination/,
  );
});

test("a topic is created under what is a name, and under no other spelling of one", async (context) => {
  const fixture = await brokerFixture(context);
  const peer = await fixture.connect(await fixture.member("alice"));
  const create = (name: string) => peer.request<"topic_create">({ type: "topic_create", name });
  for (const name of ["$(id)", "--file", "a b", "a\nb", "\u001b[2J", "../x"])
    await assert.rejects(create(name), /invalid_destination/, name);
  assert.equal((await create("Builds")).name, "builds");
  await assert.rejects(create("builds"), /already_exists/);
});
