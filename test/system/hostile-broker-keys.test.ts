import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Envelope } from "../../src/protocol/envelope.ts";
import { envelopeOf, newIdentity } from "../../src/broker/testing/peer.ts";
import { signEpochRecord, type EpochRecord, type EpochWrap } from "../../src/protocol/epoch.ts";
import { newUuidV7 } from "../../src/protocol/ids.ts";
import { signingKeys } from "../../src/protocol/membership/chain.fixture.ts";
import { currentKeys } from "../../src/protocol/membership/state.ts";
import { rfc3339 } from "../../src/protocol/time.ts";
import { epochId, wrapEpochKey } from "../../src/daemon/sealing/wrap.ts";
import { x25519PublicKey } from "../../src/daemon/sealing/x25519.ts";
import type { HostileBroker } from "../support/hostile-broker.ts";
import {
  allOf,
  chainOf,
  eventsUntil,
  type HostileMember,
  hostileMesh,
  onRepliesTo,
  sendsTo,
  shownTexts,
} from "../support/hostile-mesh.ts";

/** Envelopes that a member has handed to the broker. */
function sentBy(hostile: HostileBroker, { memberId }: HostileMember): Envelope[] {
  return hostile.seen
    .filter(({ from, memberId: of, frame }) => from === "daemon" && of === memberId && frame["type"] === "send")
    .flatMap(({ frame }) => frame["items"] as Envelope[]);
}

/** Wraps that anybody has handed to the broker since a place of what it has seen. */
function wrapsSince(hostile: HostileBroker, from: number): EpochWrap[] {
  return hostile.seen
    .slice(from)
    .filter(({ frame }) => frame["type"] === "epoch_create" || frame["type"] === "epoch_wraps")
    .flatMap(({ frame }) => frame["wraps"] as EpochWrap[]);
}

/** Waits until the member shows a message. */
async function shows(member: HostileMember, text: string): Promise<void> {
  await eventsUntil(member, ({ event, data }) => event === "message" && data["message"] === text);
}

test("what is sent is in no frame that the broker sees, in whatever spelling: direct, to topics and to queues", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const planted = ["dm", "topic", "queue"].map((kind) => `the ${kind} says ${randomBytes(12).toString("hex")}`);
  const [dm = "", topic = "", queue = ""] = planted;
  await alice.client.topics.create("plans");
  await bob.client.topics.join("plans");
  await bob.client.queues.create("jobs");
  await alice.client.send({ to: "@bob", message: dm });
  await alice.client.send({ to: "#plans", message: topic });
  await alice.client.send({ to: "queue:jobs", message: queue });
  await shows(bob, dm);
  await shows(bob, topic);
  const [claimed] = await bob.client.queues.claim("jobs", { wait_s: 20 });
  assert.ok(claimed !== undefined && "message" in claimed);
  assert.equal(claimed.message, queue);
  await bob.client.queues.ack("jobs", claimed.lease_id);
  const all = hostile.seen.map(({ text }) => text).join("\n");
  for (const text of planted)
    for (const spelling of ["utf8", "base64", "base64url", "hex"] as const)
      for (const shift of [0, 1, 2]) {
        // base64 of a text depends on where in three bytes it begins.
        const bytes = Buffer.from(text).subarray(shift);
        const said = bytes.toString(spelling).replace(/=+$/, "");
        assert.ok(!all.includes(spelling === "utf8" ? text : said.slice(0, -4)), `${spelling} of ${text}`);
      }
  assert.deepEqual([...new Set(sentBy(hostile, alice).map(({ algorithm }) => algorithm))].sort(), [
    "epoch-v1",
    "hpke-v1",
  ]);
});

test("no word of the broker makes a daemon send unsealed: neither older features, nor a mesh without a membership, nor an opened topic", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  await alice.client.topics.create("plans");
  await bob.client.topics.join("plans");
  hostile.plot(
    allOf(
      onRepliesTo(alice.memberId, "membership", (result) => ({ ...result, entries: [], head: null })),
      onRepliesTo(alice.memberId, "topics", ({ topics }) => ({
        topics: (topics as object[]).map((topic) => ({ ...topic, unsealed: true, unsealed_through: 1_000_000 })),
      })),
      {
        toBroker: (frame, link) => {
          if (frame.type !== "membership_append") return [frame];
          link.tellDaemon({
            type: "error",
            id: frame.id,
            code: "membership_invalid",
            message: "no",
            retryable: false,
            closes: false,
          });
          return [];
        },
        toDaemon: (frame) => {
          if (frame.type !== "hello_ack") return [frame];
          const { key_epoch: _, member_keypair_rotated_event: __, ...supported } = frame.features.supported;
          return [{ ...frame, membership: null, features: { ...frame.features, supported } }];
        },
      },
    ),
  );
  hostile.cut();
  await sendsTo(alice, bob, "still sealed");
  await alice.client.send({ to: "#plans", message: "still sealed for all" });
  await shows(bob, "still sealed for all");
  assert.deepEqual(
    sentBy(hostile, alice).map(({ algorithm, sealed_to: to }) => [algorithm, typeof to]),
    [
      ["hpke-v1", "string"],
      ["epoch-v1", "string"],
    ],
  );
  hostile.plot(null);
  hostile.cut();
  await sendsTo(alice, bob, "honest");
});

test("a message that nobody has signed is shown in no topic that no admin has opened, whatever the broker says of the topic", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const { topic_id: topicId } = await alice.client.topics.create("plans");
  await bob.client.topics.join("plans");
  const { state } = chainOf(bob);
  hostile.plot(
    onRepliesTo(bob.memberId, "topics", ({ topics }) => ({
      topics: (topics as object[]).map((topic) => ({ ...topic, unsealed: true, unsealed_through: 1_000_000 })),
    })),
  );
  const nobodys = { key_id: `api:${newUuidV7(1_700_000_000_000)}`, signature: "" };
  const forger = { ...newIdentity(), memberId: alice.memberId };
  const written = envelopeOf(state.meshId, forger, "#plans", "the door is open, says alice", nobodys);
  const envelope = { ...written, ...nobodys };
  const signedLike = { ...envelope, key_id: alice.memberId, signature: "A".repeat(86) };
  for (const [index, said] of [envelope, signedLike].entries()) {
    const id = newUuidV7(Date.now());
    hostile.linkOf(bob.memberId).tellDaemon({
      type: "push",
      items: [
        {
          destination: `topic:${topicId}`,
          seq: 1_000 + index,
          epoch: 1,
          broker_message_id: id,
          accepted_at: rfc3339(Date.now()),
          position: {
            epoch: 1,
            seq: 1_000 + index,
            broker_message_id: id,
            incarnation: newUuidV7(1),
            mac: "A".repeat(43),
          },
          client_message_id: said.client_message_id,
          request_fingerprint: said.request_fingerprint,
          envelope: said,
        },
      ],
    });
  }
  await sendsTo(alice, bob, "honest");
  assert.deepEqual(await shownTexts(bob), ["honest"]);
  hostile.plot(null);
});

test("whoever was revoked is given no key that is made or wrapped later, whatever the broker asks for or says of who is there", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  await alice.client.topics.create("plans");
  for (const { client } of [bob, carol]) await client.topics.join("plans");
  await alice.client.send({ to: "#plans", message: "with carol" });
  await shows(carol, "with carol");
  await shows(bob, "with carol");
  const invented = signingKeys().keyId;
  const from = hostile.seen.length;
  await alice.client.membership.revoke("@carol");
  await carol.daemon.ended;
  const epochs = () =>
    hostile.seen
      .filter(({ frame }) => frame["type"] === "epoch_create")
      .map(({ frame }) => (frame["record"] as EpochRecord).epoch_id);
  const named = { name: "carol", role: "member", online: true };
  const lies = [alice, bob].flatMap(({ memberId }) => [
    onRepliesTo(memberId, "topic_members", ({ members: told }) => ({
      members: [...(told as object[]), { ...named, member_id: carol.memberId }, { ...named, member_id: invented }],
    })),
    onRepliesTo(memberId, "keys_wanted", () => ({
      wanted: epochs().flatMap((epoch_id) =>
        [carol.memberId, invented].map((member_id) => ({ epoch_id, destination: "topic:x", member_id })),
      ),
      more: false,
    })),
  ]);
  hostile.plot(allOf(...lies));
  hostile.cut();
  await alice.client.send({ to: "#plans", message: "without carol" });
  await shows(bob, "without carol");
  await bob.client.send({ to: "#plans", message: "nor hers to read" });
  await shows(alice, "nor hers to read");
  const wraps = wrapsSince(hostile, from);
  assert.ok(wraps.some(({ member_id: id }) => id === bob.memberId));
  assert.deepEqual(
    wraps.filter(({ member_id: id }) => id === carol.memberId || id === invented),
    [],
  );
  const before = new Set(
    hostile.seen
      .filter(({ frame }) => frame["type"] === "epoch_create" || frame["type"] === "epoch_wraps")
      .flatMap(({ frame }) => frame["wraps"] as EpochWrap[])
      .filter(({ member_id: id }) => id === carol.memberId)
      .map(({ epoch_id: id }) => id),
  );
  const [old, ...later] = [...sentBy(hostile, alice), ...sentBy(hostile, bob)].map(({ sealed_to: to }) => to ?? "");
  assert.ok(before.has(old ?? ""));
  assert.deepEqual(
    later.filter((id) => before.has(id)),
    [],
  );
  hostile.plot(null);
  await sendsTo(alice, bob, "honest");
});

test("a key that the broker made is sealed with by nobody: invented, in a member's name, or in the place of another's wrap", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const { topic_id: topicId } = await alice.client.topics.create("plans");
  await bob.client.topics.join("plans");
  await alice.client.send({ to: "#plans", message: "before" });
  await shows(bob, "before");
  const { state } = chainOf(bob);
  const known = sentBy(hostile, alice).map(({ sealed_to: to }) => to);
  const bobs = state.members.get(bob.memberId);
  assert.ok(bobs !== undefined);
  const recipient = {
    memberId: bob.memberId,
    publicKey: currentKeys(bobs).x25519,
    key: x25519PublicKey(Buffer.from(currentKeys(bobs).x25519, "hex")),
  };
  const stranger = signingKeys();
  const lies = [alice.memberId, stranger.keyId].flatMap((maker) =>
    [maker, stranger.keyId].map((keyId) => {
      const key = randomBytes(32);
      const destination = `topic:${topicId}`;
      const record = signEpochRecord(
        {
          mesh_id: state.meshId,
          destination,
          name: "plans",
          epoch_id: epochId(key, known[0] ?? null, state.head, destination),
          parent: known[0] ?? null,
          depth: 1,
          created_by: maker,
          key_id: keyId,
          membership_head: state.head,
          history: "all",
          at: rfc3339(Date.now()),
        },
        stranger.key,
      );
      const wrap = {
        epoch_id: record.epoch_id,
        member_id: bob.memberId,
        sealed_to: recipient.publicKey,
        sealed: wrapEpochKey(key, record, recipient).toString("base64url"),
      };
      return { record, wrap };
    }),
  );
  hostile.plot(
    onRepliesTo(bob.memberId, "keys", (result) => {
      const items = (result["items"] as { key_seq: number }[]).concat(
        lies.flatMap(({ record, wrap }, index) => [
          { key_seq: 1_000 + index, kind: "epoch", record },
          { key_seq: 1_001 + index, kind: "wrap", wrap },
          { key_seq: 1_002 + index, kind: "wrap", wrap: { ...wrap, epoch_id: known[0] } },
        ]),
      );
      return { ...result, items };
    }),
  );
  hostile.linkOf(bob.memberId).cut();
  await bob.client.send({ to: "#plans", message: "sealed for members" });
  await shows(alice, "sealed for members");
  const invented = new Set(lies.map(({ record }) => record.epoch_id));
  assert.deepEqual(
    sentBy(hostile, bob).filter(({ sealed_to: to }) => invented.has(to ?? "")),
    [],
  );
  hostile.plot(null);
  hostile.cut();
  await sendsTo(alice, bob, "honest");
});

test("a topic to which the broker gives another's place is sealed to no key of that other topic", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob", "carol"]);
  const { alice, bob, carol } = members;
  const common = await alice.client.topics.create("common");
  await alice.client.topics.create("finance");
  for (const { client } of [bob, carol]) await client.topics.join("common");
  await bob.client.topics.join("finance");
  await alice.client.membership.grant("@carol", ["#common"]);
  await alice.client.send({ to: "#common", message: "for all" });
  for (const member of [bob, carol]) await shows(member, "for all");
  const [toCommon] = sentBy(hostile, alice);
  assert.ok(toCommon !== undefined);
  hostile.plot(
    onRepliesTo(alice.memberId, "topics", ({ topics }) => ({
      topics: (topics as { name: string; topic_id: string }[]).map((topic) =>
        topic.name === "finance" ? { ...topic, topic_id: common.topic_id } : topic,
      ),
    })),
  );
  hostile.linkOf(alice.memberId).cut();
  await alice.client.send({ to: "#finance", message: "the figures", client_message_id: "figures" });
  await sendsTo(alice, bob, "something else meanwhile");
  hostile.plot(null);
  hostile.linkOf(alice.memberId).cut();
  await shows(bob, "the figures");
  const known = new Set(
    wrapsSince(hostile, 0)
      .filter(({ member_id: id }) => id === carol.memberId)
      .map(({ epoch_id: id }) => id),
  );
  assert.ok(known.has(toCommon.sealed_to ?? ""));
  const figures = sentBy(hostile, alice).filter(({ destination_ref: ref }) => ref === "finance");
  assert.ok(figures.length > 0);
  assert.deepEqual(
    figures.filter(({ sealed_to: to }) => known.has(to ?? "")),
    [],
  );
});
