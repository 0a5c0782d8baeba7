import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendAnswer } from "../../protocol/frames.ts";
import type { EntryContent } from "../../protocol/membership/entry.ts";
import { beginChainOf, newMemberOf, storeEntry } from "../testing/chain.ts";
import { envelopeOf, type Identity, newIdentity, type Peer, sealedDm } from "../testing/peer.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { soundLog, type TwoBrokers, twoBrokers } from "../testing/two-brokers.ts";

const server = sharedPostgres();

interface Sent {
  readonly id: string;
  readonly answer: SendAnswer;
}

const code = (answer: SendAnswer): string =>
  "code" in answer ? `${answer.status} ${answer.code}` : `${answer.status}`;

/** Sends until told to end or the link is gone; each id again as soon as it is known to be committed. */
async function sendOn(link: Peer, next: () => unknown, until: () => boolean, sent: Sent[]): Promise<void> {
  while (!until()) {
    const envelope = next();
    const answers = await link.sendItems([envelope]).catch(() => null);
    const [answer] = answers ?? [];
    if (answer === undefined) return;
    sent.push({ id: answer.client_message_id, answer });
    if (answer.status !== 201) continue;
    const [again] = (await link.sendItems([envelope]).catch(() => null)) ?? [];
    if (again !== undefined) assert.equal(again.status, 200, "a committed id is never answered with a refusal");
  }
}

/** Whoever was answered with a refusal has nothing in the log, and whoever was told of a commit has it once. */
async function judge(two: TwoBrokers, meshId: string, sent: readonly Sent[]): Promise<void> {
  await soundLog(two, meshId);
  const rows = await two.sql("SELECT client_message_id AS id FROM mesh.message_queue WHERE mesh_id = $1", [meshId]);
  const committed = new Set(rows.map(({ id }) => String(id)));
  assert.equal(committed.size, rows.length);
  for (const { id, answer } of sent) assert.equal(committed.has(id), answer.status === 201, code(answer));
}

test("nothing is accepted into a topic that is gone, nor from who has left it, however closely the change and the send meet", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("topics");
  const members = await Promise.all(Array.from({ length: 6 }, (_, n) => two.member(meshId, `m${n}`)));
  const links = await Promise.all(members.map((member, n) => two.connect(n % 2, meshId, member)));
  const sent: Sent[] = [];
  let over = false;
  const sending = links.map((link, n) => {
    const from = members[n];
    assert.ok(from !== undefined);
    return sendOn(
      link,
      () => envelopeOf(meshId, from, "#red", "x"),
      () => over,
      sent,
    );
  });
  const { store } = two;
  for (let round = 0; round < 25; round += 1) {
    await store.createTopic({ mesh_id: meshId, name: "red", created_by: members[0]?.memberId ?? "", now: 1 });
    for (const { memberId } of members) await store.subscribe(meshId, memberId, "red", 1);
    await store.unsubscribe(meshId, members[1]?.memberId ?? "", "red", 1);
    await store.subscribe(meshId, members[1]?.memberId ?? "", "red", 1);
    await store.deleteTopic(meshId, "red", 1);
  }
  over = true;
  await Promise.all(sending);
  await judge(two, meshId, sent);
  assert.deepEqual([...new Set(sent.map(({ answer }) => code(answer)))].sort(), [
    "201",
    "403 not_subscribed",
    "404 unknown_destination",
  ]);
  // The change noted the log's end under the lock that accepting takes: what was accepted lies inside its sender's interval.
  const outside = await two.sql(
    `SELECT m.seq FROM mesh.message_queue m WHERE m.mesh_id = $1 AND NOT EXISTS (
       SELECT 1 FROM mesh.subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = m.sender
          AND 'topic:' || s.topic_id = m.destination AND m.seq > s.first_seq AND m.seq <= s.last_seq)`,
    [meshId],
  );
  assert.deepEqual(outside, []);
});

test("a member that is revoked while it sends and is sent to has nothing accepted behind that, at either broker", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("revoked");
  const owner = newIdentity();
  const chain = beginChainOf(meshId, owner, "2026-01-01T00:00:00.000Z");
  await storeEntry(two.store, chain.entries[0] ?? assert.fail(), chain.state());
  const entry = (content: EntryContent) => storeEntry(two.store, chain.add(owner, content), chain.state());
  const member = async (name: string): Promise<Identity> => {
    const identity = newIdentity();
    await entry({ kind: "admit", member: newMemberOf(meshId, identity, name), role: "member" });
    return identity;
  };
  const stays = [await member("stays-0"), await member("stays-1")];
  const staysLinks = await Promise.all(stays.map((member, n) => two.connect(n, meshId, member)));
  const sent: Sent[] = [];
  for (let round = 0; round < 8; round += 1) {
    const leaves = await member(`leaves-${round}`);
    const link = await two.connect(round % 2, meshId, leaves);
    let over = false;
    const to = (from: Identity, target: Identity) => () => envelopeOf(meshId, from, target.memberId, "", sealedDm);
    const sending = staysLinks.map((one, n) => sendOn(one, to(stays[n] as Identity, leaves), () => over, sent));
    // Its link is closed as soon as its broker hears of it.
    sending.push(sendOn(link, to(leaves, stays[0] as Identity), () => over, sent));
    const started = sent.length;
    while (sent.length < started + 20) await new Promise((resolve) => setImmediate(resolve));
    await entry({ kind: "revoke", member_id: leaves.memberId, through: { epoch: 1, seq: 0 } });
    const revokedAt = sent.length;
    while (sent.length < revokedAt + 10) await new Promise((resolve) => setImmediate(resolve));
    over = true;
    await link.close();
    await Promise.all(sending);
    const behind = await two.sql(
      `SELECT m.seq FROM mesh.message_queue m WHERE m.mesh_id = $1 AND (m.sender = $2 OR m.destination = 'dm:' || $2)
          AND m.seq > (SELECT max(s.last_seq) FROM mesh.subscription s WHERE s.mesh_id = m.mesh_id AND s.member_id = $2)`,
      [meshId, leaves.memberId],
    );
    assert.deepEqual(behind, []);
  }
  await judge(two, meshId, sent);
  const codes = new Set(sent.map(({ answer }) => code(answer)));
  assert.ok(codes.has("404 unknown_destination"), [...codes].join());
});

test("a link that was replaced at the other broker has nothing accepted behind the first message of the newer one", async (t) => {
  const two = await twoBrokers(t, await (await server()).createDatabase());
  const meshId = await two.mesh("replaced");
  const [alice, bob] = [await two.member(meshId, "alice"), await two.member(meshId, "bob")];
  const generations: Sent[][] = [];
  const sending: Promise<void>[] = [];
  let over = false;
  for (let generation = 1; generation <= 30; generation += 1) {
    const previous_instance_id = generation === 1 ? null : `i-${generation - 1}`;
    const hello = { instance_id: `i-${generation}`, previous_instance_id };
    const link = await two.connect(generation % 2, meshId, alice, { hello });
    const next = () => envelopeOf(meshId, alice, bob.memberId, `${link.ack.link_epoch}`);
    const sent: Sent[] = [];
    generations.push(sent);
    for (let lane = 0; lane < 3; lane += 1) sending.push(sendOn(link, next, () => over, sent));
    const closed = link.closed.then(({ code: closeCode }) => assert.fail(`the newest link was closed: ${closeCode}`));
    closed.catch(() => undefined);
    while (sent.length < 6) await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
  }
  over = true;
  await two.stop();
  await Promise.all(sending);
  const rows = await two.sql("SELECT envelope FROM mesh.message_queue WHERE mesh_id = $1 ORDER BY seq", [meshId]);
  const epochs = rows.map(({ envelope }) => {
    const { body } = JSON.parse(String(envelope)) as { body: string };
    return Number(Buffer.from(body, "base64url").toString());
  });
  assert.deepEqual(
    epochs,
    epochs.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(epochs).size, 30);
  const refused = new Set(
    generations
      .flat()
      .filter(({ answer }) => answer.status !== 201)
      .map(({ answer }) => code(answer)),
  );
  for (const one of refused) assert.equal(one, "503 behind");
});
