import assert from "node:assert/strict";
import { test } from "node:test";
import type { Envelope } from "../../protocol/envelope.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import { envelopeOf, type Peer } from "../testing/peer.ts";
import { postgresRelay } from "../testing/postgres-relay.ts";
import { onServer, sharedPostgres } from "../testing/postgres-server.ts";
import { soundLog, type TwoBrokers, twoBrokers } from "../testing/two-brokers.ts";

const server = sharedPostgres();

/** As a daemon does: again in the same order until each has been answered for good. Returns every answer an id was given. */
async function sendAll(link: Peer, envelopes: readonly Envelope[]): Promise<Map<string, SendAnswer[]>> {
  const answers = new Map<string, SendAnswer[]>();
  for (let open = envelopes; open.length > 0; ) {
    for (const answer of await link.sendItems(open))
      answers.set(answer.client_message_id, [...(answers.get(answer.client_message_id) ?? []), answer]);
    open = open.filter(({ client_message_id }) => (answers.get(client_message_id)?.at(-1)?.status ?? 500) >= 429);
  }
  return answers;
}

async function rowsOf({ sql }: TwoBrokers, meshId: string): Promise<Map<string, number>> {
  const rows = await sql(
    "SELECT client_message_id AS id, count(*)::int AS n FROM mesh.message_queue WHERE mesh_id = $1 GROUP BY 1",
    [meshId],
  );
  return new Map(rows.map(({ id, n }) => [String(id), Number(n)]));
}

test("connections that end in the middle of a batch, at random, by the hundred: every send is one row, and its sender finds out", async (t) => {
  const url = await (await server()).createDatabase();
  const two = await twoBrokers(t, url);
  const meshId = await two.mesh("killed");
  const members = await Promise.all([0, 1, 2, 3].map((n) => two.member(meshId, `m${n}`)));
  const links = await Promise.all(members.map((member, n) => two.connect(n % 2, meshId, member)));
  let over = false;
  let killed = 0;
  const killing = onServer(url, async (client) => {
    // At least so many, and until all is sent.
    while (!over || killed < 100) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'claudemesh-broker' AND state = 'active' AND query LIKE '%mesh.accept%' AND random() < 0.3`,
      );
      killed += rowCount ?? 0;
      if (over && (rowCount ?? 0) === 0) return;
    }
  });
  const answered = await Promise.all(
    links.map(async (link, n) => {
      const [from, to] = [members[n], members[(n + 1) % 4]];
      assert.ok(from !== undefined && to !== undefined);
      const all: SendAnswer[][] = [];
      for (let batch = 0; batch < 20 || killed < 100; batch += 1) {
        const envelopes = Array.from({ length: 5 }, (_, k) =>
          envelopeOf(meshId, from, to.memberId, `${n} ${batch} ${k}`),
        );
        all.push(...(await sendAll(link, envelopes)).values());
      }
      return all;
    }),
  );
  over = true;
  await killing;
  const rows = await rowsOf(two, meshId);
  const ids = answered.flat();
  assert.equal(rows.size, ids.length);
  for (const answers of ids) {
    const last = answers.at(-1);
    assert.ok(last?.status === 200 || last?.status === 201);
    for (const { status } of answers.slice(0, -1)) assert.equal(status, 503);
    assert.equal(rows.get(last.client_message_id), 1);
  }
  assert.equal(await soundLog(two, meshId), ids.length);
  const unanswered = ids.filter((answers) => answers.at(-1)?.status === 200);
  t.diagnostic(`${killed} connections ended, ${ids.length} messages, ${unanswered.length} committed without an answer`);
});

test("an answer that is lost behind its commit is found at the next attempt; a statement whose fate is unknown is one row or none", async (t) => {
  const postgres = await server();
  const url = await postgres.createDatabase();
  const relay = await postgresRelay(t, Number(new URL(url).port));
  const two = await twoBrokers(t, relay.url(url), { direct: url });
  const meshId = await two.mesh("cut");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const links = [await two.connect(0, meshId, alice), await two.connect(1, meshId, bob)];
  const senders = [alice, bob];
  for (let round = 0; round < 40; round += 1) {
    const [link, from] = [links[round % 2], senders[round % 2]];
    assert.ok(link !== undefined && from !== undefined);
    const when = round % 4 < 2 ? "committed" : "sent";
    const envelope = envelopeOf(meshId, from, (round % 2 === 0 ? bob : alice).memberId, `round ${round}`);
    // The body stands in what accepts it alone, not in the look-up before.
    const cut = relay.cutAfter(envelope.body, when);
    const [first] = await link.sendItems([envelope]);
    await cut;
    assert.ok(first?.status === 503 && "code" in first && first.code === "store_unavailable");
    // A statement that was handed on may still be at work: its mesh's lock tells when it is over.
    await two.sql("SELECT seq FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
    const before = (await rowsOf(two, meshId)).get(envelope.client_message_id) ?? 0;
    if (when === "committed") assert.equal(before, 1);
    const answers = (await sendAll(link, [envelope])).get(envelope.client_message_id) ?? [];
    const last = answers.at(-1);
    assert.ok(last !== undefined);
    if (before === 1) assert.equal(last.status, 200);
    assert.ok("duplicate" in last);
    assert.equal(last.history_id, round + 1);
    assert.equal((await rowsOf(two, meshId)).get(envelope.client_message_id), 1);
  }
  assert.equal(await soundLog(two, meshId), 40);
});

test("what is refused under the lock leaves not one row in any table", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("refused");
  const [alice, bob, gone] = [
    await two.member(meshId, "alice"),
    await two.member(meshId, "bob"),
    await two.member(meshId, "gone"),
  ];
  await two.store.createTopic({ mesh_id: meshId, name: "closed", created_by: bob.memberId, now: 1 });
  await two.sql("UPDATE mesh.member SET status = 'revoked' WHERE mesh_id = $1 AND member_id = $2", [
    meshId,
    gone.memberId,
  ]);
  const link = await two.connect(0, meshId, alice);
  const tables = (
    await two.sql("SELECT relname FROM pg_class WHERE relnamespace = 'mesh'::regnamespace AND relkind = 'r' ORDER BY 1")
  ).map(({ relname }) => String(relname));
  const counts = () =>
    Promise.all(
      tables.map(async (name) => [name, (await two.sql(`SELECT count(*)::int AS n FROM mesh.${name}`))[0]?.["n"]]),
    );
  const before = await counts();
  const to = (ref: string, fields = {}) =>
    envelopeOf(meshId, alice, ref, "refused", { mentions: [bob.memberId], ...fields });
  const nowhere = "ab".repeat(32);
  const refused = [to("#nowhere"), to("#closed"), to(nowhere), to(gone.memberId)].concat(
    to("no-such", { destination_kind: "queue", destination_ref: "no-such" }),
  );
  for (let times = 0; times < 3; times += 1) {
    const answers = await link.sendItems(refused);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 403, 404, 404, 404],
    );
  }
  assert.deepEqual(await counts(), before);
  assert.ok(tables.length > 15);
  // Beside one that is accepted they leave nothing either.
  const [first, second] = await link.sendItems([refused[0], to(bob.memberId)]);
  assert.deepEqual([first?.status, second?.status], [404, 201]);
  assert.equal(await soundLog(two, meshId), 1);
});
