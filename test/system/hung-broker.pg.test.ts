import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Envelope } from "../../src/protocol/envelope.ts";
import type { Position, SendAnswer } from "../../src/protocol/frames.ts";
import { adminClient } from "../../src/bin/admin-client.ts";
import { connectPeer, envelopeOf, type Identity, newIdentity, type Peer } from "../../src/broker/testing/peer.ts";
import { standbyOf } from "../../src/broker/testing/postgres-copies.ts";
import { postgresRelay } from "../../src/broker/testing/postgres-relay.ts";
import { onServer, startPostgres } from "../../src/broker/testing/postgres-server.ts";
import { redisServer } from "../../src/broker/testing/redis-server.ts";
import { onEnd } from "../support/on-end.ts";
import { brokerProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Two brokers as processes over a database that has an asynchronous standby. */
async function deployment(t: TestContext) {
  const folder = tempFolder(t);
  const ends = { after: (end: () => Promise<void>) => onEnd(t, end) } as unknown as TestContext;
  const primary = await startPostgres();
  onEnd(t, () => primary.remove());
  const relay = await postgresRelay(ends, primary.port);
  const redis = await redisServer(ends);
  const env = { DATABASE_URL: relay.url(primary.url()), REDIS_URL: redis.url, CLAUDEMESH_DEPLOYMENT_DIR: folder };
  const brokers = [
    await brokerProcess(t, join(folder, "one"), env),
    await brokerProcess(t, join(folder, "two"), env),
  ] as const;
  const stream = await postgresRelay(ends, primary.port);
  const standby = await standbyOf(ends, primary, Number(new URL(stream.url(primary.url())).port));
  const admin = adminClient(brokers[0].dataDir);
  const { mesh_id: meshId } = await admin.mesh("local");
  const peers: Peer[] = [];
  onEnd(t, async () => {
    for (const peer of peers) await peer.close();
  });
  return {
    meshId,
    brokers,
    standby,
    sql: (text: string) => onServer(relay.url(primary.url()), async (client) => (await client.query(text)).rows),
    async member(name: string): Promise<Identity> {
      const identity = newIdentity();
      await admin.addMember(meshId, { member_id: identity.memberId, name, role: "member" });
      return identity;
    },
    async connect(at: 0 | 1, identity: Identity, instance: string, position: Position | null = null): Promise<Peer> {
      const hello = { instance_id: instance, previous_instance_id: instance, position };
      for (;;) {
        const opened = await connectPeer({ url: brokers[at].url, meshId, identity, hello }).catch((thrown: Error) => {
          // While the database changes.
          assert.match(thrown.message, /closed (1012|4001)/);
          return null;
        });
        if (opened === null) continue;
        peers.push(opened);
        return opened;
      }
    },
    cutStream() {
      stream.refuse(true);
      stream.cut();
    },
    async failOver() {
      await primary.stop("immediate");
      relay.lead(standby.server.port);
      await standby.promote();
    },
  };
}

async function sendOne(link: Peer, envelope: Envelope): Promise<Extract<SendAnswer, { duplicate: boolean }>> {
  for (;;) {
    const [answer] = await link.sendItems([envelope]);
    if (answer !== undefined && "duplicate" in answer) return answer;
    assert.equal(answer?.status, 503);
  }
}

test("a broker that hung over a failover takes nothing from the links it held, and hides nothing from those of the others", async (t) => {
  const world = await deployment(t);
  const { meshId, brokers, standby } = world;
  const [alice, bob] = [await world.member("alice"), await world.member("bob")];
  const first = await world.connect(0, alice, "a");
  const bobBefore = await world.connect(1, bob, "b");
  const to = (text: string) => envelopeOf(meshId, alice, bob.memberId, text);
  await sendOne(first, to("one"));
  await standby.caughtUp();
  world.cutStream();
  // That alice's link was opened again, and what it sends, the standby does not hear of.
  const held = await world.connect(0, alice, "a");
  const two = to("two");
  const committed = await sendOne(held, two);
  const [, seenTwo] = await bobBefore.pushes(2);
  assert.ok(seenTwo !== undefined && committed.position !== null);

  brokers[0].kill("SIGSTOP");
  const stale = to("sent to the broker that hangs");
  held.send({ type: "send", id: 99, items: [stale] });
  await world.failOver();
  const bobAfter = await world.connect(1, bob, "b", seenTwo.position);
  assert.equal(bobAfter.ack.log.epoch, 2);
  const now = await world.connect(1, alice, "a", committed.position);
  assert.equal(now.ack.link_epoch, held.ack.link_epoch, "the number of the link that hangs was given again");
  assert.equal((await sendOne(now, two)).duplicate, false);
  assert.equal((await sendOne(now, to("three"))).duplicate, false);

  brokers[0].kill("SIGCONT");
  const { code } = await held.closed;
  // Whichever of its doings meets the change first ends the link; after each of these codes a daemon dials again.
  assert.ok([1006, 1012, 4001].includes(code), `${code}`);
  for (const text of ["four", "five"]) await sendOne(now, to(text));
  const texts = (await bobAfter.pushes(5)).map(({ envelope }) =>
    Buffer.from(envelope?.body ?? "", "base64url").toString(),
  );
  assert.deepEqual(texts, ["one", "two", "three", "four", "five"]);
  const rows = await world.sql("SELECT client_message_id, seq::int FROM mesh.message_queue ORDER BY seq");
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  assert.ok(rows.every(({ client_message_id }) => client_message_id !== stale.client_message_id));
  // The broker that hung goes on in the present life.
  const back = await world.connect(0, alice, "a");
  assert.equal((await sendOne(back, stale)).history_id, 6);
});
