import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import type { Envelope } from "../../protocol/envelope.ts";
import { item, kinds } from "../store/store-bench.fixture.ts";
import { envelopeOf, type Peer } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { redisServer } from "../testing/redis-server.ts";
import { soundLog, twoBrokers } from "../testing/two-brokers.ts";

const server = sharedPostgres();

test("an id that one broker voids while the other accepts it ends as one of both, and everyone is told the same", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("void");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const ended = { void: 0, committed: 0 };
  let instance: string | null = null;
  for (let round = 0; round < 60; round += 1) {
    const envelope = envelopeOf(meshId, alice, bob.memberId, `${round}`);
    const id = envelope.client_message_id;
    const hello: { instance_id: string; previous_instance_id: string | null } = {
      instance_id: `i-${round}`,
      previous_instance_id: instance,
    };
    instance = hello.instance_id;
    const link: Peer = await two.connect(round % 2, meshId, alice, { hello });
    // The void comes by a newer link at the other broker, as when the first one is taken for dead.
    const sent = Promise.all(
      [0, 1, 2].map(() =>
        link.sendItems([envelope]).then(
          ([answer]) => answer,
          () => undefined,
        ),
      ),
    );
    // Some are committed by then for sure; of the others the quicker one decides.
    if (round % 4 === 0) await sent;
    const voided = two.store.voidIds(meshId, alice.memberId, [id], 1);
    const [answers, found] = await Promise.all([sent, voided]);
    const kind = found.get(id)?.kind;
    ended[kind === "void" ? "void" : "committed"] += 1;
    for (const answer of answers)
      assert.ok(kind === "void" ? answer?.status === 410 : answer?.status === 201 || answer?.status === 200);
    const [again] = await link.sendItems([envelope]);
    assert.equal(again?.status, kind === "void" ? 410 : 200);
    const [voidAnswer] = await link.voidIds([id]);
    assert.equal(voidAnswer?.status, kind === "void" ? "void" : "committed");
  }
  const both = await two.sql(
    "SELECT 1 FROM mesh.void_claim v JOIN mesh.client_message_dedupe d USING (mesh_id, client_message_id)",
  );
  assert.deepEqual(both, []);
  assert.equal(await soundLog(two, meshId), ended.committed);
  t.diagnostic(`${ended.void} void, ${ended.committed} committed`);
});

test("voids and sends of the same hundred ids at once by two stores: whatever was void once is never committed", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("void");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const items = Array.from({ length: 100 }, () => item(meshId, alice, bob));
  const voids = new Set<string>();
  await Promise.all(
    items.flatMap((one) => [
      two.store.accept(meshId, [one], 1),
      two.store.voidIds(meshId, alice.memberId, [one.envelope.client_message_id], 1).then((found) => {
        for (const [id, { kind }] of found) if (kind === "void") voids.add(id);
      }),
    ]),
  );
  const outcomes = kinds(await two.store.accept(meshId, items, 2));
  for (const [index, { envelope }] of items.entries())
    assert.equal(outcomes[index], voids.has(envelope.client_message_id) ? "void" : "duplicate");
  assert.equal(await soundLog(two, meshId), 100 - voids.size);
});

test("under a limit that refuses most, over links that move between the brokers, each destination keeps its sender's order", async (t) => {
  const limits = { memberRate: 150, memberBurst: 5, meshRate: 1e6, meshBurst: 1e6, acceptBatchMax: 3 };
  const redis = await redisServer(t);
  const two = await twoBrokers(t, await (await server()).createDatabase(), { limits, redisUrl: redis.url });
  const meshId = await two.mesh("order");
  const alice = await two.member(meshId, "alice");
  const targets = [await two.member(meshId, "bob"), await two.member(meshId, "carol")].map(({ memberId }) => memberId);
  targets.push("#all");
  const outbox: Envelope[] = Array.from({ length: 150 }, (_, n) =>
    envelopeOf(meshId, alice, targets[n % targets.length] ?? "", `${n}`),
  );
  const done = new Set<string>();
  const refused = { limited: 0, behind: 0 };
  let links = 0;
  while (done.size < outbox.length) {
    links += 1;
    const hello = { instance_id: `i-${links}`, previous_instance_id: links === 1 ? null : `i-${links - 1}` };
    const link = await two.connect(links % 2, meshId, alice, { hello });
    // A few windows on each link; what is on the last one when it goes stays unanswered, as when it breaks.
    for (let window = 0; window < 4 && done.size < outbox.length; window += 1) {
      const open = outbox.filter(({ client_message_id }) => !done.has(client_message_id)).slice(0, 30);
      const frames = [open.slice(0, 9), open.slice(9, 20), open.slice(20)].filter((frame) => frame.length > 0);
      const answered = Promise.all(frames.map((frame) => link.sendItems(frame)));
      if (window === 3) {
        answered.catch(() => undefined);
        break;
      }
      for (const answer of (await answered).flat()) {
        if (answer.status === 201 || answer.status === 200) done.add(answer.client_message_id);
        else if (answer.status === 429) refused.limited += 1;
        else {
          assert.ok("code" in answer && answer.code === "behind", JSON.stringify(answer));
          refused.behind += 1;
        }
      }
    }
  }
  t.diagnostic(`${links} links, ${refused.limited} limited, ${refused.behind} behind`);
  const rows = await two.sql(
    "SELECT destination, envelope::json ->> 'body' AS body FROM mesh.message_queue WHERE mesh_id = $1 ORDER BY seq",
    [meshId],
  );
  assert.equal(rows.length, outbox.length);
  const lanes = Map.groupBy(rows, ({ destination }) => destination);
  assert.equal(lanes.size, 3);
  for (const lane of lanes.values()) {
    const numbers = lane.map(({ body }) => Number(Buffer.from(String(body), "base64url").toString()));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
});

test("retries of what is committed are answered while the limit is used up, and the limiter is not even asked", async (t) => {
  // However slow the machine: no token comes back within an hour, and no decision is too late for Redis to make it.
  const hourly = 1 / 3_600;
  const limits = { memberRate: hourly, memberBurst: 400, meshRate: hourly, meshBurst: 400, limiterDeadlineMs: 60_000 };
  const redis = await redisServer(t);
  const two = await twoBrokers(t, await (await server()).createDatabase(), { limits, redisUrl: redis.url });
  const meshId = await two.mesh("free");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const links = [await two.connect(0, meshId, alice), await two.connect(1, meshId, bob)];
  const sent = links.map((_, n) => {
    const [from, to] = n === 0 ? [alice, bob] : [bob, alice];
    return Array.from({ length: 200 }, (_each, k) => envelopeOf(meshId, from, to.memberId, `${k}`));
  });
  for (const [n, link] of links.entries())
    for (const answer of await link.sendItems(sent[n] ?? [])) assert.equal(answer.status, 201);
  const fresh = envelopeOf(meshId, alice, bob.memberId, "one more");
  assert.equal((await links[0]?.sendItems([fresh]))?.[0]?.status, 429);
  const before = await scriptCalls(redis.url);
  for (let round = 0; round < 15; round += 1)
    for (const answers of await Promise.all(links.map((link, n) => link.sendItems(sent[n] ?? []))))
      for (const { status } of answers) assert.equal(status, 200);
  assert.equal(await scriptCalls(redis.url), before);
  assert.equal((await links[0]?.sendItems([fresh]))?.[0]?.status, 429);
  assert.ok((await scriptCalls(redis.url)) > before);
  assert.equal(await soundLog(two, meshId), 400);
});

/** How often the server was asked to run a script: the limiter's only question. */
async function scriptCalls(url: string): Promise<number> {
  const client = new Redis(url);
  try {
    const counted = (await client.info("commandstats")).matchAll(/^cmdstat_(?:eval|evalsha|fcall):calls=(\d+)/gm);
    return [...counted].reduce((sum, [, calls]) => sum + Number(calls), 0);
  } finally {
    client.disconnect();
  }
}
