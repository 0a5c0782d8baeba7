import assert from "node:assert/strict";
import { test } from "node:test";
import { randomUUID } from "node:crypto";
import type { Position, SendAnswer } from "../../protocol/frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { envelopeOf, type Identity, type Peer } from "../testing/peer.ts";
import { onServer, sharedPostgres } from "../testing/postgres-server.ts";
import { soundLog, type TwoBrokers, twoBrokers } from "../testing/two-brokers.ts";

const server = sharedPostgres();
const unlimited = { memberRate: 1e6, memberBurst: 1e6, meshRate: 1e6, meshBurst: 1e6 };

const code = (answer: SendAnswer | undefined): string =>
  answer !== undefined && "code" in answer ? `${answer.status} ${answer.code}` : `${answer?.status}`;

/** SQLSTATEs that the brokers have met. */
const states = ({ logged }: TwoBrokers): Set<string> =>
  new Set(logged.flatMap(({ fields }) => /\(([0-9A-Z]{5})\)$/.exec(String(fields["error"]))?.[1] ?? []));

test("thousands of batches in eight meshes at two brokers, with topics, members, links and cursors changing between, meet no deadlock", async (t) => {
  const url = await (await server()).createDatabase();
  const two = await twoBrokers(t, url, { limits: unlimited });
  const meshes = await Promise.all(Array.from({ length: 8 }, (_, n) => two.mesh(`mesh-${n}`)));
  let accepted = 0;
  await Promise.all(
    meshes.map(async (meshId) => {
      const members = await Promise.all([0, 1, 2, 3].map((n) => two.member(meshId, `m${n}`)));
      for (const { memberId } of members)
        for (const name of ["red", "blue"]) {
          if (memberId === members[0]?.memberId)
            await two.store.createTopic({ mesh_id: meshId, name, created_by: memberId, now: 1 });
          else await two.store.subscribe(meshId, memberId, name, 1);
        }
      const sending = members.map(async (member, n) => {
        for (let life = 0; life < 2; life += 1) {
          const link = await two.connect((n + life) % 2, meshId, member);
          await sendAndAcknowledge(link, meshId, member, members);
        }
      });
      await Promise.all([...sending, changes(two, meshId, members)]);
      const head = await soundLog(two, meshId);
      accepted += head;
    }),
  );
  assert.deepEqual(
    two.logged.filter(({ level, fields }) => level === "error" || "error" in fields),
    [],
  );
  await two.stop();
  // What a session counts is with the server once it has ended.
  const database = new URL(url).pathname.slice(1);
  const [row] = await two.sql("SELECT deadlocks, xact_commit FROM pg_stat_database WHERE datname = $1", [database]);
  assert.equal(Number(row?.["deadlocks"]), 0);
  assert.ok(accepted > 2_000);
  t.diagnostic(`${accepted} messages accepted, ${String(row?.["xact_commit"])} transactions`);
});

async function sendAndAcknowledge(
  link: Peer,
  meshId: string,
  from: Identity,
  members: readonly Identity[],
): Promise<void> {
  const mentions = members.map(({ memberId }) => memberId).toSorted();
  const targets = [...mentions, "#all", "#red", "#blue"];
  for (let batch = 0; batch < 35; batch += 1) {
    const items = [0, 2, 5].map((place) => {
      const to = targets[(batch + place) % targets.length] ?? "";
      return envelopeOf(meshId, from, to, `batch ${batch}`, { mentions });
    });
    for (const answer of await link.sendItems(items))
      assert.ok(["201", "403 not_subscribed", "404 unknown_destination"].includes(code(answer)), code(answer));
    const reached = new Map(link.pushed.map(({ destination, seq }) => [destination, seq]));
    link.send({ type: "push_ack", acks: [...reached].map(([destination, seq]) => ({ destination, seq })) });
  }
}

async function changes({ store }: TwoBrokers, meshId: string, members: readonly Identity[]): Promise<void> {
  const ids = members.map(({ memberId }) => memberId);
  const [maker = ""] = ids;
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(ids.map((memberId) => store.subscribe(meshId, memberId, "red", 1)));
    await Promise.all([
      store
        .deleteTopic(meshId, "blue", 1)
        .then(() => store.createTopic({ mesh_id: meshId, name: "blue", created_by: maker, now: 1 })),
      ...ids.map((memberId) => store.unsubscribe(meshId, memberId, "red", 1)),
      ...ids.map((memberId) => store.touchPresence(meshId, memberId, round, { agents: [], agents_told: null })),
      store.expireMessages(meshId, Date.now(), { afterSeq: 0, limit: 20, dryRun: false, now: 1 }),
      store.voidIds(meshId, maker, [`${maker.slice(0, 16)}:void-${round}`], 1),
    ]);
  }
}

test("while somebody holds a mesh's lock its sends are told to come again; its own retries and the other meshes go on", async (t) => {
  const url = await (await server()).createDatabase();
  const two = await twoBrokers(t, url, { limits: unlimited });
  const [held, free] = [await two.mesh("held"), await two.mesh("free")];
  const inHeld = await Promise.all(Array.from({ length: 24 }, (_, n) => two.member(held, `h${n}`)));
  const [alice, bob] = inHeld;
  const [carol, dave] = [await two.member(free, "carol"), await two.member(free, "dave")];
  assert.ok(alice !== undefined && bob !== undefined);
  const links = [await two.connect(0, held, alice), await two.connect(1, held, bob)];
  const known = envelopeOf(held, alice, bob.memberId, "known");
  assert.equal((await links[0]?.sendItems([known]))?.[0]?.status, 201);
  const waiting = [envelopeOf(held, alice, bob.memberId, "one"), envelopeOf(held, bob, alice.memberId, "two")];

  await onServer(url, async (holder) => {
    await holder.query("BEGIN");
    await holder.query("SELECT 1 FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [held]);
    let refused = 0;
    const answers = links.map(async (link, n) => {
      const [answer] = await link.sendItems([waiting[n]]);
      refused += 1;
      return answer;
    });
    // All of its other members come back meanwhile, and wait for the same lock.
    const openings = inHeld.slice(2).map((member, n) =>
      two.connect(n % 2, held, member).then(
        () => "opened",
        () => {
          refused += 1;
          return "refused";
        },
      ),
    );
    const carolLink = await two.connect(0, free, carol);
    const daveLink = await two.connect(1, free, dave);
    for (let n = 0; n < 10; n += 1) {
      assert.equal((await carolLink.sendItems([envelopeOf(free, carol, dave.memberId, `${n}`)]))[0]?.status, 201);
      assert.equal((await daveLink.sendItems([envelopeOf(free, dave, carol.memberId, `${n}`)]))[0]?.status, 201);
    }
    await carolLink.request({ type: "topics" });
    assert.equal(refused, 0, "the others have not waited for as long as the lock is waited for");
    for (const answer of await Promise.all(answers)) assert.equal(code(answer), "503 store_unavailable");
    // B0 takes no lock.
    const [again] = (await links[0]?.sendItems([known])) ?? [];
    assert.equal(again?.status, 200);
    await holder.query("ROLLBACK");
    await Promise.all(openings);
  });
  assert.deepEqual([...states(two)], ["55P03"], "the lock timeout, and nothing else");
  for (const [n, link] of links.entries()) assert.equal((await link.sendItems([waiting[n]]))[0]?.status, 201);
  assert.equal(await soundLog(two, held), 3);
});

test("an epoch that opens while a member acknowledges makes its cursors fall without a deadlock", async (t) => {
  const url = await (await server()).createDatabase();
  const two = await twoBrokers(t, url);
  const meshId = await two.mesh("falling");
  const [member, sender] = [await two.member(meshId, "member"), await two.member(meshId, "sender")];
  const { store } = two;
  const destinations: string[] = [];
  for (let n = 0; n < 30; n += 1) {
    const topic = await store.createTopic({ mesh_id: meshId, name: `t${n}`, created_by: member.memberId, now: 1 });
    destinations.push(`topic:${topic.topic_id}`);
  }
  destinations.sort();
  const link = await two.connect(0, meshId, sender);
  await link.sendItems([1, 2, 3].map((n) => envelopeOf(meshId, sender, member.memberId, `${n}`)));
  // Rows that lie in another order than that in which they are locked.
  for (const destination of destinations.toReversed())
    await store.acknowledge(meshId, member.memberId, 0, [{ destination, seq: 1 }]);

  await onServer(url, async (holder) => {
    // Asked on another connection: within a transaction the server shows one picture.
    const waiting = async (count: number): Promise<void> => {
      const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      while ((await two.sql(text)).length < count);
    };
    await holder.query("BEGIN");
    await holder.query("SELECT 1 FROM mesh.cursor WHERE destination = $1 FOR UPDATE", [destinations[15]]);
    const acks = destinations.map((destination) => ({ destination, seq: 3 }));
    const acknowledged = store.acknowledge(meshId, member.memberId, 0, acks);
    await waiting(1);
    const compared = store.checkPosition(meshId, [lostPosition(two, meshId)], 1);
    await waiting(2);
    await holder.query("COMMIT");
    assert.equal(await acknowledged, true);
    assert.equal((await compared).state, "lost");
  });
  const [lowest] = await two.sql("SELECT max(seq)::int AS seq FROM mesh.cursor WHERE member_id = $1", [
    member.memberId,
  ]);
  assert.deepEqual(lowest, { seq: 0 });
});

/** Of a life that the store knows nothing of. */
function lostPosition(two: TwoBrokers, meshId: string): Position {
  return two.position(meshId, { epoch: 1, seq: 1, broker_message_id: newUuidV7(1), incarnation: randomUUID() });
}
