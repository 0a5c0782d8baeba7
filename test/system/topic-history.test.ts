import assert from "node:assert/strict";
import { test } from "node:test";
import type { PushItem } from "../../src/protocol/frames.ts";
import type { HistoryItem } from "../../src/protocol/local-api.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { readIdentity } from "../../src/daemon/identity/member.ts";
import type { EpochWrap } from "../../src/protocol/epoch.ts";
import type { TestDaemon } from "../support/daemon.ts";
import { allOf, eventsUntil, hostileMesh, onPushesTo, onRepliesTo, shownTexts } from "../support/hostile-mesh.ts";
import { mesh } from "../support/mesh.ts";

type Member = Pick<TestDaemon, "client">;

/** Sends one after the other, each with the broker before the next. */
async function say({ client }: Member, to: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const { client_message_id: id } = await client.send({ to, message: text });
    await client.waitFor(id, "accepted");
  }
}

/** What a member is told of a topic's history, newest first: a text, or why it is not shown. */
async function historyOf({ client }: Member, address: string): Promise<readonly (string | null)[]> {
  return (await client.history(address)).items.map(textOf);
}

function textOf(item: HistoryItem): string | null {
  return "message" in item ? item.message : "unavailable" in item ? `(${item.unavailable})` : null;
}

test("who joins a topic late reads all that was sent before, once it has the keys, and nothing of it comes as news; so does its API key", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  const { alice, bob } = daemons;
  await alice.client.topics.create("plans");
  await say(alice, "#plans", "the first plan");
  await alice.client.topics.rotate("#plans");
  await say(alice, "#plans", "the second plan");
  await bob.client.topics.join("plans");
  await say(alice, "#plans", "the third plan");
  await eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === "the third plan");
  const all = ["the third plan", "the second plan", "the first plan"];
  for (let told = await historyOf(bob, "#plans"); ; told = await historyOf(bob, "#plans")) {
    assert.equal(told.length, all.length);
    // Keys come from whoever has them, a moment later.
    if (told.every((text) => text?.startsWith("(") === false)) break;
  }
  assert.deepEqual(await historyOf(bob, "#plans"), all);
  const older = await bob.client.history("#plans", { limit: 1 });
  const next = await bob.client.history("#plans", { limit: 1, cursor: older.next_cursor ?? "" });
  assert.deepEqual(next.items.map(textOf), all.slice(1, 2));
  assert.deepEqual(await shownTexts(bob), all.slice(0, 1));

  const { mesh: home, memberId } = readIdentity(bob.dir);
  const { key } = await broker.admin.createApiKey(home.mesh_id, { name: "reader", scopes: ["read"], member: memberId });
  const caller = { port: Number(new URL(broker.broker.url).port), token: key };
  const read = () => httpCall(caller, "GET", `/v1/meshes/${home.mesh_id}/topics/plans/messages`);
  const count = async () => ((await read()).json["items"] as readonly unknown[]).length;
  assert.equal(await count(), all.length);
  await alice.client.topics.rotate("#plans", { history: "joined" });
  assert.equal(await count(), 1);
  await bob.client.topics.leave("plans");
  assert.equal((await read()).json["code"], "not_subscribed");
});

test("where history is for those who had joined, a late comer gets nothing earlier; a broker that hands it over hands over what stays sealed", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  await alice.client.topics.create("plans");
  await say(alice, "#plans", "the old plan", "the older plan");
  await alice.client.topics.rotate("#plans", { history: "joined" });
  await alice.client.history("#plans");
  const old = hostile.seen.flatMap(({ frame }) => {
    const { items = [] } = (frame["result"] ?? {}) as { items?: readonly PushItem[] };
    return frame["type"] === "reply" ? items.filter(({ envelope }) => envelope?.destination_ref === "plans") : [];
  });
  assert.equal(old.length, 2);
  const closed = new Set(old.map(({ envelope }) => envelope?.sealed_to));
  const asked = [...closed].map((epoch_id) => ({ epoch_id, destination: "topic:x", member_id: bob.memberId }));
  const tells = onRepliesTo(alice.memberId, "keys_wanted", (told) => ({
    wanted: [...(told["wanted"] as readonly object[]), ...asked],
    more: false,
  }));
  hostile.plot(tells);
  await bob.client.topics.join("plans");
  await say(alice, "#plans", "what comes");
  await eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === "what comes");
  assert.deepEqual(await historyOf(bob, "#plans"), ["what comes"]);

  const reason = "(the key of its topic or queue is not here)";
  hostile.plot(
    allOf(
      tells,
      onRepliesTo(bob.memberId, "history", () => ({ items: old, next_before_seq: null })),
      onPushesTo(bob.memberId, (item) => {
        const at = (seq: number) => ({ seq, position: { ...item.position, seq }, destination: item.destination });
        return [...old.map((one, index) => ({ ...one, ...at(item.seq + index) })), { ...item, ...at(item.seq + 2) }];
      }),
    ),
  );
  hostile.linkOf(alice.memberId).cut();
  assert.deepEqual(await historyOf(bob, "#plans"), [reason, reason]);
  await say(alice, "#plans", "the next plan");
  await eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === "the next plan");
  assert.deepEqual(await shownTexts(bob), ["what comes", "the next plan"]);
  const { items } = await bob.client.inbox.undecryptable();
  assert.deepEqual(
    items.map(({ code }) => code),
    ["waits_for_key", "waits_for_key"],
  );
  const given = hostile.seen
    .filter(({ frame }) => frame["type"] === "epoch_wraps" || frame["type"] === "epoch_create")
    .flatMap(({ frame }) => frame["wraps"] as readonly EpochWrap[])
    .filter(({ member_id: id, epoch_id: epoch }) => id === bob.memberId && closed.has(epoch));
  assert.deepEqual(given, []);
});
