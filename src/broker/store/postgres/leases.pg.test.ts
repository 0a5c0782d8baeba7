import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Client } from "pg";
import { sharedPostgres } from "../../testing/postgres-server.ts";
import { accepted, type Bench, bench, item } from "../store-bench.fixture.ts";
import type { BrokerStore } from "../store.ts";
import { postgresStoreAt, storeUnderTest } from "./open-store.fixture.ts";

const server = sharedPostgres();
const minute = 60_000;
const now = 20;

interface Rivals extends Bench {
  readonly url: string;
  /** Another broker's store over the same database. */
  readonly other: BrokerStore;
  /** Sequence numbers of the queue's messages. */
  readonly sent: readonly number[];
}

/** Two brokers' stores over one database, and a queue `work` with so many messages. */
async function rivals(t: TestContext, count: number): Promise<Rivals> {
  const url = await (await server()).createDatabase();
  const under = await bench(t, () => storeUnderTest(t, url));
  const other = postgresStoreAt(url);
  t.after(() => other.stop());
  await other.start();
  const { store, meshId, alice } = under;
  const queue = { name: "work", created_by: alice.memberId, deliveries_max: 2, now: 1 };
  await store.createQueue({ mesh_id: meshId, ...queue });
  const items = Array.from({ length: count }, () => item(meshId, alice, "queue:work"));
  const sent = (await store.accept(meshId, items, 10)).map((outcome) => accepted(outcome).seq);
  return { ...under, url, other, sent };
}

const claim = (store: BrokerStore, { meshId, bob }: Rivals, at = now, limit = 1) =>
  store.claim(meshId, bob.memberId, "work", { limit, limitBytes: 1_000_000, leaseMs: minute, now: at });

/** A connection of somebody who holds what it has locked until the transaction ends. */
async function holder(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  t.after(() => client.end());
  await client.connect();
  await client.query("BEGIN");
  return client;
}

test("two brokers that claim at once get different messages, each in order, and together all of them once", async (t) => {
  const under = await rivals(t, 120);
  const got: number[] = [];
  const consume = async (store: BrokerStore): Promise<void> => {
    const own: number[] = [];
    for (;;) {
      const { messages, nextAt } = await claim(store, under, now, 3);
      if (messages.length === 0 && (nextAt === null || nextAt === now + minute)) break;
      for (const { message, lease_id } of messages) {
        own.push(message.seq);
        await store.ack(under.meshId, under.bob.memberId, "work", lease_id, now);
      }
    }
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
    );
    got.push(...own);
  };
  await Promise.all([under.store, under.other, under.store, under.other].map(consume));
  assert.deepEqual(
    got.toSorted((a, b) => a - b),
    under.sent,
  );
});

test("a claim passes over what another one is just leasing, and waits for nobody; alone with that it is to look again soon", async (t) => {
  const under = await rivals(t, 2);
  const first = await holder(t, under.url);
  await first.query("SELECT 1 FROM mesh.delivery_queue WHERE seq = 1 FOR UPDATE");
  const { messages } = await claim(under.store, under);
  assert.deepEqual(
    messages.map(({ message }) => message.seq),
    [2],
  );
  const nothing = await claim(under.store, under);
  assert.deepEqual([nothing.messages, nothing.nextAt], [[], now + 50]);
  await first.query("ROLLBACK");
  assert.equal((await claim(under.store, under)).messages[0]?.message.seq, 1);
});

test("of an acknowledgement and the end of the lease at another broker one holds, and the other hears of it", async (t) => {
  const under = await rivals(t, 40);
  const { messages } = await claim(under.store, under, now, 40);
  const over = now + minute;
  const outcomes = await Promise.all([
    ...messages.map(({ lease_id }) =>
      under.store.ack(under.meshId, under.bob.memberId, "work", lease_id, over - 1).then(
        ({ seq }) => seq,
        () => null,
      ),
    ),
    claim(under.other, under, over, 64).then((again) => again.messages.map(({ message }) => message.seq)),
  ]);
  const acked = outcomes.flatMap((outcome) => (typeof outcome === "number" ? [outcome] : []));
  const again = outcomes.flatMap((outcome) => (Array.isArray(outcome) ? outcome : []));
  const counts = await under.store.countQueue(under.meshId, "work", { countMax: 100, now: over });
  const left = (await claim(under.other, under, over, 64)).messages.map(({ message }) => message.seq);
  assert.equal(counts.leased + counts.ready, 40 - acked.length);
  assert.deepEqual(
    [...acked, ...again, ...left].toSorted((a, b) => a - b),
    under.sent,
  );
});

test("what is sent while its queue is deleted is accepted before and given up, or refused", async (t) => {
  const under = await rivals(t, 3);
  const { store, other, meshId, alice } = under;
  const sends = Array.from({ length: 20 }, () => item(meshId, alice, "queue:work"));
  const remove = async () => {
    for (let done = false; !done; )
      done = (await other.deleteQueue(meshId, "work", { force: true, limit: 2, now })).done;
  };
  const [outcomes] = await Promise.all([
    Promise.all(sends.map(async (one) => (await store.accept(meshId, [one], now))[0]?.kind)),
    remove(),
  ]);
  const taken = outcomes.filter((kind) => kind === "accepted").length;
  assert.equal((await store.takeNotices(meshId, alice.memberId, 100)).length, 3 + taken);
  assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, []);
  assert.deepEqual(await store.queues(meshId), []);
});
