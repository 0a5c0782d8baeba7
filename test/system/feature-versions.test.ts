import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import type { Envelope } from "../../src/protocol/envelope.ts";
import { everyFeature } from "../../src/protocol/features.ts";
import type { HelloFrame } from "../../src/protocol/frames.ts";
import { broker, type TestBrokerOptions } from "../support/broker.ts";
import { daemon, type TestDaemon } from "../support/daemon.ts";
import type { SeenFrame } from "../support/hostile-broker.ts";
import { hostileMesh, shownTexts } from "../support/hostile-mesh.ts";
import { linked, mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const dedupe = "client_message_id_dedupe";
const [v1, v2] = ["sha256-jcs-v1", "sha256-jcs-v2"] as const;
const knowing = (versions: readonly number[]) => ({ features: { ...everyFeature(), [dedupe]: versions } });

async function negotiated({ client }: TestDaemon): Promise<unknown> {
  const { broker_features: features } = await client.version();
  return (features?.[dedupe] as { version?: unknown } | undefined)?.version;
}

for (const [what, ofBroker, ofAlice, ofBob] of [
  ["a broker of before, daemons of now", [1], [1, 2], [1, 2]],
  ["a broker of now, daemons of before", [1, 2], [1], [1]],
  ["a broker of now, one daemon of each", [1, 2], [1], [1, 2]],
  ["a broker and a daemon that know the newer alone, and a daemon of now", [2], [2], [1, 2]],
  ["all of before", [1], [1], [1]],
] as const)
  test(`messages go both ways between ${what}`, async (t) => {
    const { daemons } = await mesh(t, ["alice", "bob"], {
      broker: knowing(ofBroker),
      daemons: { alice: knowing(ofAlice), bob: knowing(ofBob) },
    });
    const { alice, bob } = daemons;
    const highest = (own: readonly number[]) =>
      Math.max(...own.filter((one) => (ofBroker as readonly number[]).includes(one)));
    assert.deepEqual([await negotiated(alice), await negotiated(bob)], [highest(ofAlice), highest(ofBob)]);
    await alice.client.topics.create("#builds");
    await bob.client.topics.list();
    await bob.client.topics.join("builds");
    for (const [from, to] of [
      [alice, "@bob"],
      [bob, "@alice"],
      [alice, "#builds"],
      [bob, "#builds"],
    ] as const) {
      const { client_message_id: id } = await from.client.send({ to, message: `to ${to}` });
      await from.client.waitFor(id, "delivered");
    }
    assert.deepEqual((await shownTexts(alice)).toSorted(), ["to #builds", "to @alice"]);
    assert.deepEqual((await shownTexts(bob)).toSorted(), ["to #builds", "to @bob"]);
  });

for (const [ofBroker, ofDaemon] of [
  [[1], [2]],
  [[2], [1]],
] as const)
  test(`a daemon of version ${ofDaemon} and a broker of version ${ofBroker} do not work together, and the daemon says why`, async (t) => {
    const folder = tempFolder(t);
    const running = await broker(t, { dataDir: join(folder, "broker"), ...knowing(ofBroker) });
    const dir = join(folder, "alice");
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir: running.dataDir, name: "alice", role: "member" });
    const alice = await daemon(t, { dir, ...knowing(ofDaemon) });
    const ended = await alice.daemon.ended;
    assert.equal(ended?.kind, "feature_unavailable");
    assert.match(ended?.message ?? "", new RegExp(`${dedupe}: the broker does not have it in version ${ofDaemon}`));
    // Kept here, and sent once the two understand each other again.
    await alice.client.send({ to: "@alice", message: "kept", client_message_id: "kept" });
    await alice.daemon.stop();
    const updated = await daemon(t, { dir, dial: "after_end" });
    await linked(updated);
    await updated.client.waitFor("kept", "delivered");
  });

test("a broker is updated while an attempt is unanswered: the same bytes are sent again, and arrive once", async (t) => {
  const { alice, bob, withheld, hostile, again } = await unansweredAcross(t, knowing([1]), {});
  const sent = hostile.next(sending);
  assert.deepEqual(await again(), ["sha256-jcs-v1"]);
  assert.deepEqual(itemsOf(await sent), withheld);
  await alice.client.waitFor("across", "delivered");
  assert.deepEqual(await shownTexts(bob), ["across"]);
  assert.equal(await negotiated(alice), 2);
});

test("a broker's update is taken back while an attempt is unanswered: the daemon ends, keeps it, and sends it as it was once the broker is back", async (t) => {
  const { alice, bob, withheld, hostile, after, again } = await unansweredAcross(t, {}, knowing([1]));
  assert.deepEqual(await again(), ["sha256-jcs-v2"]);
  const ended = await alice.daemon.ended;
  assert.equal(ended?.kind, "feature_param_invalid");
  assert.match(ended?.message ?? "", /no longer takes sha256-jcs-v2, under which 1 row was sent without an answer/);
  await after.stop();
  await brokerAgain(t, after.dataDir, hostile.authority, {});
  hostile.cut();
  const sent = hostile.next(sending);
  await alice.daemon.stop();
  const back = await daemon(t, { dir: alice.dir, dial: "after_end" });
  assert.deepEqual(itemsOf(await sent), withheld);
  await back.client.waitFor("across", "delivered");
  assert.deepEqual(await shownTexts(bob), ["across"]);
});

for (const [what, before, then, held, listed, sealed] of [
  ["goes on to another version", [v1], [v2], v1, [v2, v1], 2],
  ["goes back to an older version", [v2, v1], [v1], v2, [v1, v2], 1],
] as const)
  test(`a broker ${what} while an attempt is unanswered: it takes what is held as it was, and new messages come under what it offers`, async (t) => {
    const { alice, bob, withheld, hostile, again } = await unansweredAcross(
      t,
      { fingerprintVersions: before },
      { fingerprintVersions: then },
    );
    const sent = hostile.next(sending);
    assert.deepEqual(await again(), [held]);
    assert.deepEqual(itemsOf(await sent), withheld);
    await alice.client.waitFor("across", "delivered");
    const params = (await alice.client.version()).broker_features?.[dedupe];
    assert.partialDeepStrictEqual(params, { fingerprint_versions: listed });
    const next = hostile.next(sending);
    await alice.client.send({ to: "@bob", message: "then", client_message_id: "then" });
    assert.deepEqual(
      itemsOf(await next).map(({ version }) => version),
      [sealed],
    );
    await alice.client.waitFor("then", "delivered");
    assert.deepEqual((await shownTexts(bob)).toSorted(), ["across", "then"]);
  });

test("a broker has offered no more of a version for longer than it remembers ids: the daemon ends before it loses what it holds, and what it says helps does", async (t) => {
  const { alice, bob, again } = await unansweredAcross(
    t,
    { fingerprintVersions: [v1] },
    { fingerprintVersions: [v2], clock: { ...systemClock, now: () => systemClock.now() + 366 * 86_400_000 } },
  );
  assert.deepEqual(await again(), [v1]);
  const ended = await alice.daemon.ended;
  assert.equal(ended?.kind, "feature_param_invalid");
  assert.match(ended?.message ?? "", /no longer takes sha256-jcs-v1, under which 1 row was sent without an answer/);
  assert.match(
    ended?.hint ?? "",
    /fingerprint_versions.* claudemesh outbox requeue ROW, or claudemesh outbox drop ROW --force .* claudemesh daemon up --no-read-only$/,
  );
  await alice.daemon.stop();
  // What was never answered is only to be taken out by whoever takes the risk; then the two work together again.
  const aside = await daemon(t, { dir: alice.dir, readOnly: true });
  const { outbox_id: row, status } = await aside.client.message("across");
  assert.equal(status, "pending");
  await assert.rejects(aside.client.outbox.requeue(row), { code: "outcome_pending", hint: /outbox drop \d+ --force/ });
  assert.equal((await aside.client.outbox.drop(row, { force: true })).status, "aborted");
  await aside.daemon.stop();
  const back = await daemon(t, { dir: alice.dir, dial: "after_end" });
  await linked(back);
  await back.client.send({ to: "@bob", message: "anew", client_message_id: "anew" });
  await back.client.waitFor("anew", "delivered");
  assert.deepEqual(await shownTexts(bob), ["anew"]);
});

test("a broker that lists its fingerprint versions lowest first, as brokers once did, gets new messages under the highest", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice } = members;
  hostile.plot({
    toDaemon(frame) {
      if (frame.type !== "hello_ack") return [frame];
      const answered = frame.features.supported[dedupe];
      const params = { version: 2, ...answered?.params, fingerprint_versions: [v1, v2] };
      const supported = { ...frame.features.supported, [dedupe]: { params } };
      return [{ ...frame, features: { ...frame.features, supported } }];
    },
  });
  hostile.cut();
  await linked(alice);
  const sent = hostile.next(sending);
  await alice.client.send({ to: "@bob", message: "m", client_message_id: "m" });
  assert.deepEqual(
    itemsOf(await sent).map(({ version }) => version),
    [2],
  );
  const { broker_features: told } = await alice.client.version();
  assert.partialDeepStrictEqual(told?.[dedupe], { fingerprint_versions: [v1, v2] });
  await alice.client.waitFor("m", "delivered");
});

const sending = (seen: SeenFrame): boolean => seen.from === "daemon" && seen.frame["type"] === "send";

/** A message whose first attempt is withheld from the broker, which then is another program over the same data. */
async function unansweredAcross(t: TestContext, before: TestBrokerOptions, then: TestBrokerOptions) {
  const { broker: running, hostile, members } = await hostileMesh(t, ["alice", "bob"], before);
  const { alice, bob } = members;
  hostile.plot({ toBroker: (frame) => (frame.type === "send" ? [] : [frame]) });
  const sent = hostile.next(sending);
  await alice.client.send({ to: "@bob", message: "across", client_message_id: "across" });
  const withheld = itemsOf(await sent);
  const withheldAt = hostile.seen.length;
  await running.broker.stop();
  const { broker: second } = await brokerAgain(t, running.dataDir, hostile.authority, then);
  hostile.plot(null);
  return {
    alice,
    bob,
    hostile,
    withheld,
    after: { dataDir: running.dataDir, stop: () => second.stop() },
    /** Every daemon dials again, if it has not yet; what alice then says that she holds. */
    async again(): Promise<unknown> {
      const isHello = ({ frame, memberId }: SeenFrame) => frame["type"] === "hello" && memberId === alice.memberId;
      const next = hostile.next(isHello);
      const earlier = hostile.seen.slice(withheldAt).find(isHello);
      hostile.cut();
      const { require } = (earlier ?? (await next)).frame["features"] as HelloFrame["features"];
      return require[dedupe]?.holds;
    },
  };
}

function itemsOf({ frame }: SeenFrame): readonly Envelope[] {
  return frame["items"] as readonly Envelope[];
}

/** Another program over the same data: same port, same key. */
function brokerAgain(t: TestContext, dataDir: string, authority: string, options: TestBrokerOptions) {
  return broker(t, { ...options, dataDir, authorities: [authority] });
}
