import assert from "node:assert/strict";
import { test } from "node:test";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WebSocket } from "ws";
import { brokerFixture } from "../testing/fixture.ts";
import { challengeHolds, envelopeOf, type Identity, isType, newIdentity, type Peer } from "../testing/peer.ts";

test("the opening proves both sides and tells what the link may do", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const peer = await fixture.connect(alice);
  assert.ok(challengeHolds(await peer.next(isType("challenge")), fixture.broker.deploymentPublicKey));
  assert.equal(peer.ack.mesh.mesh_id, fixture.meshId);
  assert.equal(peer.ack.member.name, "alice");
  assert.equal(peer.ack.limits.inline_bytes, 65_536);
  assert.deepEqual(peer.ack.features.missing_required, []);
  assert.deepEqual(peer.ack.features.supported["client_message_id_dedupe"]?.params["dedupe_retention_days"], 365);
  assert.equal(peer.ack.features.supported["client_message_id_dedupe"]?.params.version, 2);
});

test("a hello signed for another authority is refused: a relayed challenge is worthless", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  await assert.rejects(fixture.connect(alice, { authority: "broker.example:443" }), /closed 4002 .*auth_failed/);
});

test("a relay that names the address which was dialled is refused all the same: it is not this broker's", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const relayed = { authority: "broker.example:443", hostHeader: "broker.example:443" };
  await assert.rejects(fixture.connect(alice, relayed), /closed 4002 .*not reached as/);
});

test("a broker behind a proxy is reached by the names that its operator listed", async (context) => {
  const fixture = await brokerFixture(context, { authorities: ["broker.example:443"] });
  const alice = await fixture.member("alice");
  await fixture.connect(alice, { authority: "broker.example:443", hostHeader: "Broker.Example:443" });
  await fixture.connect(await fixture.member("bob"), {
    authority: new URL(fixture.broker.url).host.replace("127.0.0.1", "localhost"),
    hostHeader: new URL(fixture.broker.url).host.replace("127.0.0.1", "localhost"),
  });
});

test("a hello changed after it was signed is refused, whatever field it was", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  await assert.rejects(
    fixture.connect(alice, { tamper: (hello) => ({ ...hello, agents: ["intruder"] }) }),
    /closed 4002/,
  );
  await assert.rejects(
    fixture.connect(alice, { tamper: (hello) => ({ ...hello, instance_id: "other" }) }),
    /closed 4002/,
  );
  const mallory = newIdentity();
  await assert.rejects(fixture.connect({ memberId: alice.memberId, privateKey: mallory.privateKey }), /closed 4002/);
});

test("agents are names: others are shown what a member says of itself", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  for (const agents of [["a\nb"], ["\u001b[2J"], [""], ["main", "-x"]])
    await assert.rejects(fixture.connect(alice, { hello: { agents } }), /closed .*agents is missing/);
  await fixture.connect(alice, { hello: { agents: ["main", "review.2"] } });
});

test("a hello of a daemon that met another certificate than the broker's is refused: somebody stands between", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  await assert.rejects(
    fixture.connect(alice, { hello: { certificate_print: "ab".repeat(32) } }),
    /closed 4002 .*somebody stands between/,
  );
});

test("a key that is not a member of the mesh is refused", async (context) => {
  const fixture = await brokerFixture(context);
  await assert.rejects(fixture.connect(newIdentity()), /closed 4002/);
  const alice = await fixture.member("alice");
  await assert.rejects(fixture.connect(alice, { meshId: "01890000-0000-7000-8000-000000000000" }), /closed 4002/);
});

test("a first frame that is not a hello ends the connection as malformed", async (context) => {
  const fixture = await brokerFixture(context);
  for (const text of ["not json", '{"type":"members","id":1}', '{"type":"hello"}']) {
    const socket = new WebSocket(fixture.broker.url, "claudemesh.v1");
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    socket.once("message", () => socket.send(text));
    assert.equal(await closed, 4001);
  }
});

test("a connection that says nothing is closed at the opening deadline", async (context) => {
  const fixture = await brokerFixture(context);
  const socket = new WebSocket(fixture.broker.url, "claudemesh.v1");
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve) => socket.once("message", resolve));
  fixture.clock.advance(10_000);
  assert.equal(await closed, 4001);
});

test("connections that have proven nothing are bounded in number", async (context) => {
  const fixture = await brokerFixture(context, { limits: { openingsMax: 1 } });
  const first = new WebSocket(fixture.broker.url, "claudemesh.v1");
  context.after(() => first.terminate());
  await new Promise((resolve) => first.once("message", resolve));
  const second = new WebSocket(fixture.broker.url, "claudemesh.v1");
  const status = await new Promise((resolve) =>
    second
      .once("unexpected-response", (_request, response) => resolve(response.statusCode))
      .on("error", () => undefined),
  );
  assert.equal(status, 503);
  second.terminate();
});

test("an upgrade elsewhere or without the subprotocol is refused before it is a connection", async (context) => {
  const fixture = await brokerFixture(context);
  for (const [url, protocol, expected] of [
    [`${fixture.broker.url}x`, "claudemesh.v1", 404],
    [fixture.broker.url, "other.v1", 400],
  ] as const) {
    const socket = new WebSocket(url, protocol);
    const status = await new Promise((resolve) =>
      socket
        .once("unexpected-response", (_request, response) => resolve(response.statusCode))
        .on("error", () => undefined),
    );
    assert.equal(status, expected);
    socket.terminate();
  }
});

test("a daemon's own half-open link is replaced silently", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const bob = await fixture.connect(await fixture.member("bob"));
  const first = await fixture.connect(alice, { hello: { instance_id: "one" } });
  const second = await fixture.connect(alice, { hello: { instance_id: "two", previous_instance_id: "one" } });
  assert.ok(second.ack.link_epoch > first.ack.link_epoch);
  assert.equal((await first.closed).code, 1006);
  assert.equal((await bob.request<"members">({ type: "members" })).members.length, 2);
  assert.equal(await fixture.metric(`cm_broker_concurrent_connection_total{mesh="${fixture.meshId}"}`), 0);
});

test("any other second link closes the older one with 4003 and is an audit event", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const bob = await fixture.connect(await fixture.member("bob"));
  const first = await fixture.connect(alice, { hello: { instance_id: "one" } });
  await fixture.connect(alice, { hello: { instance_id: "two" } });
  const { code, reason } = await first.closed;
  assert.equal(code, 4003);
  assert.equal((JSON.parse(reason) as { kind: string }).kind, "replaced_by_newer_connection");
  const told = first.frames.find(isType("error"));
  assert.equal(told?.details?.["other_instance_id"], "two");
  const event = await bob.next(isType("event"));
  assert.ok(event);
  await bob.next(
    (frame): frame is Extract<typeof frame, { event: "member_concurrent_connection" }> =>
      frame.type === "event" && frame.event === "member_concurrent_connection",
  );
  const audit = fixture.logged.find(({ fields }) => fields["audit"] === "member_concurrent_connection");
  assert.deepEqual([audit?.fields["instance_id"], audit?.fields["old_instance_id"]], ["two", "one"]);
});

test("a required feature that the broker lacks is named, for the daemon to judge", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const features = {
    require: { client_message_id_dedupe: { versions: [1] }, time_travel: { versions: [1] } },
    optional: {},
  };
  const peer = await fixture.connect(alice, { hello: { features } });
  assert.deepEqual(peer.ack.features.missing_required, ["time_travel"]);
  assert.equal(peer.ack.features.supported["client_message_id_dedupe"]?.params["request_fingerprint"], true);
});

test("a position that this deployment never issued is refused", async (context) => {
  const fixture = await brokerFixture(context);
  const alice = await fixture.member("alice");
  const forged = {
    epoch: 1,
    seq: 900,
    broker_message_id: "01890000-0000-7000-8000-000000000000",
    incarnation: "x",
    mac: "AAAA",
  };
  await assert.rejects(fixture.connect(alice, { hello: { position: forged } }), /closed 4002/);
});

test("a restored old data directory is found out by a member that holds more, told to everyone, and resent messages arrive", async (context) => {
  const fixture = await brokerFixture(context);
  const [alice, bob, carol] = [
    await fixture.member("alice"),
    await fixture.member("bob"),
    await fixture.member("carol"),
  ];
  const send = async (link: Peer, from: Identity, to: Identity, text: string) =>
    (await link.sendItems([envelopeOf(fixture.meshId, from, to.memberId, text)]))[0];
  const kept = await send(await fixture.connect(alice), alice, bob, "kept");
  await fixture.stop();
  const backup = `${fixture.dataDir}.backup`;
  cpSync(fixture.dataDir, backup, { recursive: true });
  context.after(() => rmSync(backup, { recursive: true, force: true }));
  await fixture.start();
  const lost = await send(await fixture.connect(alice), alice, bob, "lost");
  assert.ok(kept?.status === 201 && "position" in kept && kept.position !== null);
  assert.ok(lost?.status === 201 && "position" in lost && lost.position !== null);
  await fixture.stop();
  cpSync(join(backup, "broker.db"), join(fixture.dataDir, "broker.db"));
  for (const side of ["broker.db-wal", "broker.db-shm"]) rmSync(join(fixture.dataDir, side), { force: true });
  await fixture.start();
  // Another member writes first: the same number now holds another message.
  const carolLink = await fixture.connect(carol);
  await send(carolLink, carol, bob, "other");
  const back = await fixture.connect(alice, { hello: { position: lost.position, earlier_positions: [kept.position] } });
  assert.equal(back.ack.log.epoch, 2);
  assert.deepEqual(
    back.ack.log.breaks.map(({ epoch, prefix }) => ({ epoch, prefix })),
    [{ epoch: 2, prefix: 1 }],
  );
  await carolLink.next(
    (frame): frame is Extract<typeof frame, { event: "log_epoch_changed" }> =>
      frame.type === "event" && frame.event === "log_epoch_changed",
  );
  assert.ok(fixture.logged.some(({ level, message }) => level === "error" && message.includes("LOST COMMITTED")));
  await send(back, alice, bob, "lost");
  const receiver = await fixture.connect(bob);
  const items = await receiver.pushes(3);
  assert.deepEqual(
    items.map((item) => Buffer.from(item.envelope?.body ?? "", "base64url").toString()),
    ["kept", "other", "lost"],
  );
});
