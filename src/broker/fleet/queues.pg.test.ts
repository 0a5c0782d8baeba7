import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createBroker } from "../broker.ts";
import { brokerFixture, type Fixture } from "../testing/fixture.ts";
import { connectPeer, envelopeOf, type Identity, type Peer } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { redisServer } from "../testing/redis-server.ts";

const server = sharedPostgres();

interface TwoBrokers {
  readonly one: Fixture;
  /** A link to the other broker. */
  connectToOther(identity: Identity): Promise<Peer>;
}

/** Two brokers over one database and one Redis, on a clock that stands still: what one hears of the other comes by Redis. */
async function twoBrokers(t: TestContext): Promise<TwoBrokers> {
  const shared = { databaseUrl: await (await server()).createDatabase(), redisUrl: (await redisServer(t)).url };
  const one = await brokerFixture(t, shared);
  const dataDir = mkdtempSync(join(tmpdir(), "cm-broker-"));
  copyFileSync(join(one.dataDir, "deployment_key.json"), join(dataDir, "deployment_key.json"));
  const listen = { host: "127.0.0.1", port: 0 };
  const other = createBroker({ dataDir, listen, clock: one.clock, log: silentLog, ...shared });
  await other.start();
  const peers: Peer[] = [];
  t.after(async () => {
    for (const peer of peers) await peer.close();
    await other.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    one,
    async connectToOther(identity) {
      const peer = await connectPeer({ url: other.url, meshId: one.meshId, identity });
      peers.push(peer);
      return peer;
    },
  };
}

test("a claim that waits at one broker gets at once what another has accepted, was given back or made ready again", async (t) => {
  const { one, connectToOther } = await twoBrokers(t);
  const [alice, bob] = [await one.member("alice"), await one.member("bob")];
  const here = await one.connect(alice);
  const there = await connectToOther(bob);
  await here.request<"queue_create">({ type: "queue_create", name: "work", deliveries_max: 2 });
  const claim = async (peer: Peer) => {
    const asked = { type: "claim" as const, queue: "work", limit: 1, lease_ms: 60_000, wait_ms: 30_000 };
    const waiting = peer.request<"claim">(asked);
    // Answered behind the claim: by now it waits.
    await peer.request<"topics">({ type: "topics" });
    return { claimed: waiting.then(({ messages }) => messages[0] ?? assert.fail("nothing")) };
  };
  const nack = (peer: Peer, lease_id: string) =>
    peer.request<"nack">({ type: "nack", queue: "work", lease_id, delay_ms: 0, reason: null });

  const first = await claim(there);
  await here.sendItems([envelopeOf(one.meshId, alice, "queue:work", "one")]);
  const { lease_id } = await first.claimed;
  const second = await claim(here);
  await nack(there, lease_id);
  const again = await second.claimed;
  assert.equal(again.deliveries, 2);
  assert.equal((await nack(here, again.lease_id)).state, "dead");
  const third = await claim(here);
  await there.request<"queue_requeue">({ type: "queue_requeue", queue: "work", seqs: null });
  assert.equal((await third.claimed).deliveries, 1);
});
