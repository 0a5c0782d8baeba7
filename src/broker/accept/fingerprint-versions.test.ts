import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import { directFixture } from "../direct/direct.fixture.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { envelopeOf } from "../testing/peer.ts";

const v1 = "sha256-jcs-v1";
const v2 = "sha256-jcs-v2";
const dayMs = 86_400_000;

/** A broker whose offer a test changes between two starts, with two members. */
async function offering(t: TestContext, versions: string[], dedupe?: { mode: "permanent"; retentionDays: number }) {
  const offer = {
    fingerprintVersions: versions,
    messageRetentionDays: 30,
    ...(dedupe === undefined ? {} : { dedupe }),
  };
  const fixture = await brokerFixture(t, offer);
  const alice = await fixture.member("alice");
  const bob = await fixture.member("bob");
  return {
    fixture,
    alice,
    bob,
    /** Stops the broker and starts it as a newer or older one that offers these. */
    async become(changed: string[]) {
      offer.fingerprintVersions = changed;
      await fixture.restart();
    },
    async send(...items: readonly Envelope[]) {
      return (await fixture.connect(alice)).sendItems(items);
    },
  };
}

function under(version: number, envelope: Envelope): Envelope {
  const changed = { ...envelope, version };
  const fingerprint = envelopeFingerprint(changed, Buffer.from(changed.body, "base64url")).toString("hex");
  return { ...changed, request_fingerprint: fingerprint };
}

function records({ dataDir }: Fixture): { version: number; prefix: string }[] {
  const db = new DatabaseSync(join(dataDir, "broker.db"), { readOnly: true });
  const rows = db
    .prepare("SELECT fingerprint_version, request_fingerprint FROM client_message_dedupe ORDER BY seq")
    .all();
  db.close();
  return rows.map((row) => ({
    version: Number(row["fingerprint_version"]),
    prefix: Buffer.from(row["request_fingerprint"] as Uint8Array)
      .toString("hex")
      .slice(0, 16),
  }));
}

const told = (answer: SendAnswer | undefined) => [
  answer?.status,
  answer !== undefined && "broker_message_id" in answer ? answer.broker_message_id : undefined,
];

for (const [name, before, after] of [
  ["an upgrade", 1, 2],
  ["a downgrade", 2, 1],
] as const) {
  test(`a retry that crosses ${name} is answered from its record, whichever version it comes under, and other bytes are a conflict`, async (t) => {
    const names = [v1, v2];
    const broker = await offering(t, [names[before - 1] ?? ""]);
    const { fixture, alice, bob } = broker;
    const text = envelopeOf(fixture.meshId, alice, bob.memberId, "hello");
    const [first] = await broker.send(under(before, text));
    assert.equal(first?.status, 201);
    const written = records(fixture);
    await broker.become([names[after - 1] ?? ""]);
    const other = { ...text, body: Buffer.from("another").toString("base64url") };
    const answers = [
      ...(await broker.send(under(before, text))),
      ...(await broker.send(under(after, text))),
      ...(await broker.send(under(before, other))),
      ...(await broker.send(under(after, other))),
    ];
    const [, id] = told(first);
    assert.deepEqual(answers.map(told), [
      [200, id],
      [200, id],
      [409, id],
      [409, id],
    ]);
    for (const conflict of answers.slice(2))
      assert.deepEqual(
        "conflict" in conflict && [conflict.broker_fingerprint_prefix, conflict.broker_fingerprint_version],
        [written[0]?.prefix, before],
      );
    assert.deepEqual(records(fixture), written, "the record is as it was written");
    const link = await fixture.connect(bob);
    assert.equal((await link.pushes(1)).length, 1);
    assert.equal(
      (await broker.send(under(after, envelopeOf(fixture.meshId, alice, bob.memberId, "next"))))[0]?.status,
      201,
    );
    assert.deepEqual(
      (await link.pushes(2)).map(({ seq }) => seq),
      [1, 2],
      "and was pushed once",
    );
  });
}

test("a caller by an API key finds its message by the same id after the broker seals under another version", async (t) => {
  const offer = { fingerprintVersions: [v1] };
  const fixture = await directFixture(t, offer);
  const { key } = await fixture.apiKey();
  const first = await fixture.send(key, {}, "disk-1");
  offer.fingerprintVersions = [v1, v2];
  await fixture.restart();
  const again = await fixture.send(key, {}, "disk-1");
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.equal(again.json["broker_message_id"], first.json["broker_message_id"]);
  assert.equal((await fixture.send(key, { message: "another" }, "disk-1")).status, 409);
  assert.equal((await fixture.send(key, {}, "disk-2")).status, 201);
  assert.deepEqual(
    records(fixture).map(({ version }) => version),
    [1, 2],
  );
});

test("the offer is negotiated: its versions, highest first, and version 1 of the feature only with the fingerprint that it means", async (t) => {
  const { fixture, alice, become } = await offering(t, [v1, v2]);
  const dedupe = { ...(await fixture.connect(alice)).ack.features.supported["client_message_id_dedupe"]?.params };
  assert.deepEqual([dedupe.version, dedupe["fingerprint_versions"]], [2, [v2, v1]]);
  const only1 = { require: { client_message_id_dedupe: { versions: [1] } }, optional: {} };
  const old = await fixture.connect(alice, { hello: { features: only1 } });
  assert.equal(old.ack.features.supported["client_message_id_dedupe"]?.params["request_fingerprint"], true);
  await become([v2]);
  const refused = await fixture.connect(alice, { hello: { features: only1 } });
  assert.deepEqual(refused.ack.features.missing_required, ["client_message_id_dedupe"]);
});

test("a version that is not offered any more is taken for one dedupe window, then refused for good, and what was committed is answered ever after", async (t) => {
  const broker = await offering(t, [v1, v2]);
  const { fixture, alice, bob, send, become } = broker;
  const message = (text: string) => under(1, envelopeOf(fixture.meshId, alice, bob.memberId, text));
  // The broker runs on: it offers the version a day longer, and a restart is not what the window counts from.
  for (let hour = 0; hour < 24; hour += 1) {
    fixture.clock.advance(dayMs / 24);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await become([v2]);
  fixture.clock.advance(365 * dayMs - 1);
  const committed = message("in time");
  assert.equal((await send(committed))[0]?.status, 201);
  fixture.clock.advance(1);
  const late = message("late");
  const [refused, known] = await send(late, committed);
  assert.deepEqual(
    [refused?.status, refused !== undefined && "code" in refused && refused.code],
    [400, "fingerprint_version_retired"],
  );
  assert.equal(known?.status, 200);
  assert.equal(records(fixture).length, 1, "nothing of it was stored");
  assert.equal((await send(under(2, late)))[0]?.status, 201, "its id is free");
  await become([v1, v2]);
  assert.equal((await send(message("offered again")))[0]?.status, 201);
});

test("with records kept for ever a version that was ever offered is taken for ever, and one that never was is not", async (t) => {
  const permanent = { mode: "permanent", retentionDays: 0 } as const;
  const broker = await offering(t, [v2], permanent);
  const { fixture, alice, bob, send, become } = broker;
  const message = (text: string) => under(1, envelopeOf(fixture.meshId, alice, bob.memberId, text));
  assert.equal((await send(message("never offered")))[0]?.status, 400);
  await become([v1]);
  await become([v2]);
  fixture.clock.advance(10_000 * dayMs);
  assert.equal((await send(message("offered once")))[0]?.status, 201);
});

test("a store from before versions were noted has offered both until its upgrade", async (t) => {
  const broker = await offering(t, [v1, v2]);
  const { fixture, alice, bob, send } = broker;
  await fixture.stop();
  fixture.plant("DROP TABLE fingerprint_offer; DELETE FROM schema_migration WHERE name = '0010_fingerprint_offer.sql'");
  await broker.become([v2]);
  fixture.clock.advance(364 * dayMs);
  assert.equal(
    (await send(under(1, envelopeOf(fixture.meshId, alice, bob.memberId, "frozen before"))))[0]?.status,
    201,
  );
});

test("a mismatch is counted by mesh and version, and told by prefixes, never by a whole fingerprint, and not without end", async (t) => {
  const { fixture, alice, bob, send } = await offering(t, [v1, v2]);
  const text = envelopeOf(fixture.meshId, alice, bob.memberId, "hello");
  const [old, other] = [under(1, text), under(2, { ...text, body: Buffer.from("another").toString("base64url") })];
  const link = await fixture.connect(alice);
  await link.sendItems([old]);
  for (let n = 0; n < 30; n += 1) await link.sendItems([other]);
  assert.equal((await send(other))[0]?.status, 409);
  const sample = `cm_broker_dedupe_fingerprint_mismatch_total{mesh="${fixture.meshId}",version="1"}`;
  assert.equal(await fixture.metric(sample), 31);
  const lines = fixture.logged.filter(({ fields }) => "broker_fingerprint_prefix" in fields);
  assert.equal(lines.length, 20);
  assert.deepEqual(lines[0], {
    level: "warn",
    message: "an id was sent again with other bytes than those that were committed under it",
    fields: {
      mesh_id: fixture.meshId,
      member_id: alice.memberId,
      client_message_id: text.client_message_id,
      own_record: true,
      broker_fingerprint_prefix: old.request_fingerprint.slice(0, 16),
      broker_fingerprint_version: 1,
      sent_fingerprint_prefix: other.request_fingerprint.slice(0, 16),
      sent_fingerprint_version: 2,
    },
  });
  const everything = JSON.stringify(fixture.logged);
  for (const { request_fingerprint } of [old, other]) assert.equal(everything.includes(request_fingerprint), false);
  fixture.clock.advance(60_000);
  await send(other);
  assert.equal(fixture.logged.findLast(({ fields }) => "broker_fingerprint_prefix" in fields)?.fields["untold"], 11);
});
