import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { broker } from "../support/broker.ts";
import { daemon } from "../support/daemon.ts";
import { hostileBroker } from "../support/hostile-broker.ts";
import { eventsUntil, hostileMesh, sendsTo, shownTexts } from "../support/hostile-mesh.ts";
import { linked } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

for (const told of ["its own address", "the one that was dialled"] as const)
  test(`a hello that was made for one address is worthless at another broker, which is told that ${told} was dialled; nothing but it has left the host`, async (t) => {
    const folder = tempFolder(t);
    // The real broker does not have the relay's address: somebody else has put itself between.
    const real = await broker(t, { dataDir: join(folder, "broker") });
    const realHost = new URL(real.broker.url).host;
    const relay = await hostileBroker(t, () => ({ port: Number(new URL(real.broker.url).port) }), {
      ...(told === "its own address" ? { host: () => realHost } : {}),
    });
    const dir = join(folder, "alice");
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir: real.dataDir, name: "alice", role: "member" });
    const honest = readMeshFile(dir);
    writeMeshFile(dir, { ...honest, broker_url: relay.url });
    const refused = relay.next(({ from, frame }) => from === "broker" && frame["type"] === "error");
    const misled = await daemon(t, { dir });
    assert.equal((await refused).frame["code"], "auth_failed");
    await misled.daemon.ended;
    const said = relay.seen.filter(({ from }) => from === "daemon").map(({ frame }) => frame["type"]);
    assert.deepEqual([...new Set(said)], ["hello"]);
    assert.ok(!relay.seen.some(({ frame }) => frame["type"] === "hello_ack"));
    writeMeshFile(dir, honest);
    await linked(await misled.restart());
  });

test("a hello that is replayed, or changed, opens no link: each challenge is new", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  const old = hostile.seen.find(
    ({ memberId, frame }) => memberId === alice.memberId && frame["type"] === "hello",
  )?.frame;
  assert.ok(old !== undefined);
  for (const change of [
    () => old,
    (hello: object) => ({ ...hello, agents: ["somebody"] }),
    (hello: object) => ({ ...hello, member_id: bob.memberId, key_id: bob.memberId }),
    (hello: object) => ({ ...hello, previous_instance_id: "another" }),
    (hello: object) => ({ ...hello, features: { require: {}, optional: {} } }),
  ]) {
    const answer = await openedAs(hostile.authority, change);
    assert.equal(answer["type"], "error", JSON.stringify(answer));
    assert.equal(answer["code"], "auth_failed");
  }
  await sendsTo(alice, bob, "honest");

  /** A link of the broker's own making, which opens with what `change` makes of alice's newest hello. */
  async function openedAs(
    authority: string,
    change: (hello: object) => object,
  ): Promise<Readonly<Record<string, unknown>>> {
    const socket = new WebSocket(`ws://${authority}/v1/link`, "claudemesh.v1");
    const answers: Readonly<Record<string, unknown>>[] = [];
    try {
      return await new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.on("message", (data) => {
          answers.push(JSON.parse(String(data)) as Readonly<Record<string, unknown>>);
          if (answers.length === 1) socket.send(JSON.stringify(change(old as object)));
          else resolve(answers[1] ?? {});
        });
      });
    } finally {
      socket.terminate();
    }
  }
});

test("a challenge that the pinned broker has not signed is answered by nothing", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  let { alice } = members;
  const { bob } = members;
  const stranger = await broker(t);
  const strangers = await challengeOf(new URL(stranger.broker.url).host);
  const lies = [
    (frame: object) => ({ ...frame, nonce: "A".repeat(43) }),
    (frame: object) => ({ ...frame, broker_id: "another" }),
    (frame: object) => ({ ...frame, server_time: "2001-01-01T00:00:00.000Z" }),
    () => strangers,
  ];
  for (const lie of lies) {
    hostile.plot({
      toDaemon: (frame) => [frame.type === "challenge" ? lie(frame) : frame],
    });
    const from = hostile.seen.length;
    hostile.linkOf(alice.memberId).cut();
    await alice.daemon.ended;
    const said = hostile.seen.slice(from).filter(({ from: side }) => side === "daemon");
    assert.deepEqual(said, []);
    hostile.plot(null);
    alice = { ...alice, ...(await alice.restart()) };
    await linked(alice);
  }
  await sendsTo(alice, bob, "honest");
});

/** The first frame of a broker. */
async function challengeOf(authority: string): Promise<object> {
  const socket = new WebSocket(`ws://${authority}/v1/link`, "claudemesh.v1");
  try {
    return await new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("message", (data) => resolve(JSON.parse(String(data)) as object));
    });
  } finally {
    socket.terminate();
  }
}

test("a link without what this daemon needs of it carries nothing, and says why", async (t) => {
  const { hostile, members } = await hostileMesh(t, ["alice", "bob"]);
  const { alice, bob } = members;
  await sendsTo(alice, bob, "before");
  const from = hostile.seen.length;
  hostile.plot({
    toDaemon: (frame, { memberId }) =>
      frame.type === "hello_ack" && memberId === alice.memberId
        ? [{ ...frame, features: { supported: {}, missing_required: [] } }]
        : [frame],
  });
  await alice.client.send({ to: "@bob", message: "later", client_message_id: "later" });
  await alice.client.waitFor("later", "delivered");
  const refused = hostile.next(({ from, frame }) => from === "daemon" && frame["type"] === "error");
  hostile.linkOf(alice.memberId).cut();
  await refused;
  await alice.daemon.ended;
  const said = hostile.seen
    .slice(from)
    .filter(({ from, memberId }) => from === "daemon" && memberId === alice.memberId);
  const afterCut = said.slice(said.findLastIndex(({ frame }) => frame["type"] === "hello"));
  assert.deepEqual(
    afterCut.map(({ frame }) => [frame["type"], frame["code"]]),
    [
      ["hello", undefined],
      ["error", "feature_unavailable"],
    ],
  );
  assert.deepEqual(await shownTexts(bob), ["before", "later"]);
  hostile.plot(null);
  const again = await alice.restart();
  await linked(again);
  await eventsUntil(again, ({ event }) => event === "feature_negotiation_failed");
  await sendsTo({ ...alice, ...again }, bob, "honest");
});
