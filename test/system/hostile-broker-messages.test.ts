import assert from "node:assert/strict";
import { test } from "node:test";
import type { Envelope } from "../../src/protocol/envelope.ts";
import type { PushItem } from "../../src/protocol/frames.ts";
import { newUuidV7 } from "../../src/protocol/ids.ts";
import type { HistoryItem, Page } from "../../src/protocol/local-api.ts";
import {
  disguised,
  hostileMesh,
  onPushesTo,
  onRepliesTo,
  refusedCount,
  sendsTo,
  shownTexts,
  stagesOf,
} from "../support/hostile-mesh.ts";

type Change = (envelope: Envelope, other: { memberId: string }) => Readonly<Record<string, unknown>>;

/** Changes of what the broker can reach of an envelope, with the fingerprint made to fit. */
const changes: readonly (readonly [string, Change])[] = [
  ["priority", () => ({ priority: "now" })],
  ["meta", () => ({ meta: '{"approved":true}' })],
  ["mentions", (_, { memberId }) => ({ mentions: [memberId] })],
  ["content type", () => ({ content_type: "application/x-sh" })],
  ["reply_to", () => ({ reply_to: newUuidV7(1_700_000_000_000) })],
  ["supersedes", () => ({ supersedes: newUuidV7(1_700_000_000_000) })],
  ["sent_at", () => ({ sent_at: "2001-01-01T00:00:00.000Z" })],
  ["membership head", () => ({ membership_head: "ab".repeat(32) })],
  ["no membership head", () => ({ membership_head: null })],
  ["id", () => ({ client_message_id: newUuidV7(1_700_000_000_000) })],
  ["sender", (_, { memberId }) => ({ sender: memberId, key_id: memberId })],
  ["sender, not the key", (_, { memberId }) => ({ sender: memberId })],
  ["key", (_, { memberId }) => ({ key_id: memberId })],
  ["addressee", (_, { memberId }) => ({ destination_ref: memberId })],
  ["agent", ({ destination_ref: ref }) => ({ destination_ref: `${ref}/reviewer` })],
  ["kind", () => ({ destination_kind: "topic", destination_ref: "all" })],
  ["mesh", () => ({ mesh_id: newUuidV7(1_700_000_000_000) })],
  ["body", () => ({ body: Buffer.from("transfer everything").toString("base64url") })],
  ["end of the body", ({ body }) => ({ body: `${body}AAAA` })],
  ["no body", () => ({ body: "" })],
  ["recipient key or epoch", () => ({ sealed_to: "ab".repeat(32) })],
  ["fingerprint", () => ({ request_fingerprint: "ab".repeat(32) })],
  ["signature", () => ({ signature: `${"A".repeat(85)}A` })],
  ["no signature", () => ({ signature: "" })],
  [
    "an API key's",
    () => ({ signature: "", key_id: `api:${newUuidV7(1_700_000_000_000)}`, algorithm: "none", sealed_to: null }),
  ],
  ["no sealing", () => ({ algorithm: "none", sealed_to: null })],
  ["an unknown sealing", () => ({ algorithm: "rot13" })],
];

/** After these it is a message that nobody can explain, or open: it is kept sealed with its reason, and never shown. */
const sealedFor: readonly (readonly [string, Change, string])[] = [
  [
    "membership head and key",
    () => ({ membership_head: "ab".repeat(32), key_id: "cd".repeat(32) }),
    "membership_unexplained",
  ],
  ["fingerprint version", ({ version }) => ({ version: version === 2 ? 1 : 2 }), "undecryptable"],
];

test("a message of which the broker changed anything is shown to nobody, and what the sender really says later is", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await sendsTo(alice, bob, "before");
  for (const [index, [what, change, kept]] of [...changes, ...sealedFor].entries()) {
    let changed = 0;
    hostile.plot(
      onPushesTo(bob.memberId, (item) => {
        if (item.envelope === null) return [item];
        changed += 1;
        return [{ ...item, envelope: disguised(item.envelope, change(item.envelope, carol)) }];
      }),
    );
    await alice.client.send({ to: "@bob", message: `changed ${index}`, client_message_id: `changed-${index}` });
    await hostile.next(
      ({ from, memberId, frame }) => from === "daemon" && memberId === bob.memberId && frame["type"] === "push_ack",
    );
    hostile.plot(null);
    await sendsTo(alice, bob, `honest ${index}`);
    assert.equal(changed, 1, what);
    assert.equal(await refusedCount(bob), Math.min(index + 1, changes.length), what);
    const { items } = await bob.client.inbox.undecryptable();
    assert.deepEqual(
      items.map(({ code }) => code),
      sealedFor.slice(0, Math.max(index + 1 - changes.length, 0)).map(([, , code]) => code),
      what,
    );
    assert.equal(kept === undefined, index < changes.length);
    assert.deepEqual(await stagesOf(alice, `changed-${index}`), ["queued", "accepted"], what);
  }
  assert.deepEqual(await shownTexts(bob), [
    "before",
    ...[...changes, ...sealedFor].map((_, index) => `honest ${index}`),
  ]);
  assert.deepEqual(await shownTexts(carol), []);
});

test("bodies of two messages that changed places are shown in neither", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const kept: PushItem[] = [];
  hostile.plot(
    onPushesTo(bob.memberId, (item) => {
      kept.push(item);
      const [first, second] = kept;
      if (first === undefined || second === undefined) return [];
      const [one, other] = [first.envelope, second.envelope];
      assert.ok(one !== null && other !== null);
      return [
        { ...first, envelope: disguised(one, { body: other.body }) },
        { ...second, envelope: disguised(other, { body: one.body }) },
      ];
    }),
  );
  await alice.client.send({ to: "@bob", message: "pay 1", client_message_id: "one" });
  await alice.client.send({ to: "@bob", message: "pay 1000", client_message_id: "two" });
  await hostile.next(
    ({ from, memberId, frame }) => from === "daemon" && memberId === bob.memberId && frame["type"] === "push_ack",
  );
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
  assert.deepEqual(await shownTexts(bob), ["honest"]);
  assert.equal(await refusedCount(bob), 2);
});

test("an old message under new places of the log is shown once, by whatever destination it comes again", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  let old: PushItem | null = null;
  hostile.plot(
    onPushesTo(bob.memberId, (item) => {
      old ??= item;
      return [item];
    }),
  );
  await sendsTo(alice, bob, "deploy now");
  let again = 1_000_000;
  hostile.plot(
    onPushesTo(bob.memberId, (item) => {
      assert.ok(old !== null);
      const replayed = (change: Partial<PushItem>) => {
        again += 1;
        const position = { ...item.position, seq: again };
        return { ...old, seq: again, position, broker_message_id: newUuidV7(again), ...change };
      };
      return [
        replayed({}),
        replayed({ destination: `topic:${newUuidV7(again)}` }),
        replayed({ epoch: item.epoch + 1 }),
        replayed({ accepted_at: item.accepted_at }),
        item,
      ];
    }),
  );
  await sendsTo(alice, bob, "another");
  assert.deepEqual(await shownTexts(bob), ["deploy now", "another"]);
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});

test("a direct message of somebody else is shown to nobody that it was not addressed to", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  let stolen: PushItem | null = null;
  hostile.plot(
    onPushesTo(bob.memberId, (item) => {
      stolen ??= item;
      return [item];
    }),
  );
  await sendsTo(alice, bob, "for bob alone");
  hostile.plot(
    onPushesTo(carol.memberId, (item) => {
      const { envelope } = stolen as unknown as PushItem;
      assert.ok(envelope !== null);
      const forCarol = disguised(envelope, { destination_ref: carol.memberId });
      const place = (seq: number) => ({ ...item, seq, position: { ...item.position, seq } });
      return [{ ...place(1_000_001), envelope }, { ...place(1_000_002), envelope: forCarol }, item];
    }),
  );
  await sendsTo(alice, carol, "for carol");
  assert.deepEqual(await shownTexts(carol), ["for carol"]);
  assert.equal(await refusedCount(carol), 2);
  hostile.plot(null);
  await sendsTo(carol, bob, "honest");
});

test("what the broker withholds is told to nobody as delivered; in whatever order it comes later, each message is shown once", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const withheld: PushItem[] = [];
  const all = new Promise<void>((resolve) => {
    hostile.plot(
      onPushesTo(bob.memberId, (item) => {
        withheld.push(item);
        if (withheld.length === 3) resolve();
        return [];
      }),
    );
  });
  for (const n of [1, 2, 3])
    await alice.client.send({ to: "@bob", message: `text ${n}`, client_message_id: `id-${n}` });
  await all;
  for (const n of [1, 2, 3]) {
    await alice.client.waitFor(`id-${n}`, "accepted");
    assert.deepEqual(await stagesOf(alice, `id-${n}`), ["queued", "accepted"]);
  }
  hostile.plot(null);
  for (const item of withheld.reverse()) hostile.linkOf(bob.memberId).tellDaemon({ type: "push", items: [item, item] });
  for (const n of [1, 2, 3]) await alice.client.waitFor(`id-${n}`, "delivered");
  await sendsTo(alice, bob, "honest");
  assert.deepEqual([...(await shownTexts(bob))].sort(), ["honest", "text 1", "text 2", "text 3"]);
});

test("a history shows no message under an address that it was not sent to, and an answer that is no history is said to be none", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  for (const topic of ["ops", "play"]) {
    await alice.client.topics.create(topic);
    await bob.client.topics.list();
    await bob.client.topics.join(topic);
  }
  await alice.client.send({ to: "#ops", message: "@bob keep it", client_message_id: "ops", mentions: ["@bob"] });
  await alice.client.send({ to: "#play", message: "drop it all", client_message_id: "play" });
  for (const id of ["ops", "play"]) await alice.client.waitFor(id, "delivered");
  const texts = ({ items }: Page<HistoryItem>) =>
    items.map((item) => ("unavailable" in item ? item.unavailable : item.message));
  const kept: PushItem[] = [];
  const answered = (type: string, items: (honest: readonly PushItem[]) => readonly unknown[]) =>
    hostile.plot(
      onRepliesTo(bob.memberId, type, (result) => ({ ...result, items: items(result["items"] as PushItem[]) })),
    );
  answered("history", (honest) => {
    kept.push(...honest);
    return honest;
  });
  for (const topic of ["#ops", "#play"]) await bob.client.history(topic);
  const [ops, play] = kept;
  answered("history", () => [ops, play]);
  assert.deepEqual(texts(await bob.client.history("#ops")), ["@bob keep it", "it was sent elsewhere"]);
  assert.deepEqual(texts(await bob.client.history("#play")), ["it was sent elsewhere", "drop it all"]);
  assert.deepEqual(texts(await bob.client.history("dm")), ["it was sent elsewhere", "it was sent elsewhere"]);
  answered("mentions", () => [ops, play]);
  assert.deepEqual(texts(await bob.client.mentionHistory()), ["@bob keep it", "it mentions others"]);
  for (const nonsense of [null, 7, {}, { ...ops, seq: "1" }, { ...ops, envelope: 7 }]) {
    answered("history", () => [play, nonsense]);
    await assert.rejects(bob.client.history("#play"), { code: "protocol_error" });
  }
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});
