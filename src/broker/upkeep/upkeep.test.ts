import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { brokerFixture } from "../testing/fixture.ts";
import { envelopeOf, isType } from "../testing/peer.ts";

const hour = 3_600_000;
const day = 24 * hour;

async function withMessages(context: Parameters<typeof brokerFixture>[0], count: number) {
  const fixture = await brokerFixture(context, {
    messageRetentionDays: 2,
    dedupe: { mode: "retention_scoped", retentionDays: 3 },
  });
  const [alice, bob] = [await fixture.member("alice"), await fixture.member("bob")];
  const link = await fixture.connect(alice);
  const envelopes = Array.from({ length: count }, () => envelopeOf(fixture.meshId, alice, bob.memberId, "hello"));
  for (let at = 0; at < count; at += 200) await link.sendItems(envelopes.slice(at, at + 200));
  const upkeep = async (job: string, dryRun = false) =>
    (await fixture.admin("POST", `/v1/upkeep/${job}`, { dry_run: dryRun })).json;
  return { fixture, alice, bob, link, envelopes, upkeep };
}

test("retention removes what is too old, in chunks, and a dry run only says how much that is", async (context) => {
  const { fixture, link, envelopes, upkeep } = await withMessages(context, 1_200);
  assert.deepEqual(await upkeep("retention", true), { messages: 0, notices: 0, unfetched: 0, api_keys: 0 });
  fixture.clock.jump(fixture.clock.now() + 2 * day + 1);
  const all = { messages: 1_200, notices: 2_400, unfetched: 0, api_keys: 0 };
  assert.deepEqual(await upkeep("retention", true), all);
  assert.deepEqual(await upkeep("retention", true), all);
  assert.deepEqual(await upkeep("retention"), all);
  assert.deepEqual(await upkeep("retention"), { messages: 0, notices: 0, unfetched: 0, api_keys: 0 });
  const [known] = await link.sendItems(envelopes.slice(0, 1));
  assert.ok(known?.status === 200 && "history_available" in known && !known.history_available);
});

test("who is linked is told at once what retention took from it, and only once", async (context) => {
  const { fixture, bob, link, envelopes, upkeep } = await withMessages(context, 2);
  fixture.clock.jump(fixture.clock.now() + 2 * day + 1);
  await upkeep("retention");
  const { items } = await link.next(isType("notices"));
  assert.deepEqual(
    items.map((item) => item.kind === "expired" && item.client_message_id),
    envelopes.map((envelope) => envelope.client_message_id),
  );
  const bobLink = await fixture.connect(bob);
  assert.deepEqual(
    (await bobLink.next(isType("notices"))).items.map(({ kind }) => kind),
    ["gap", "gap"],
  );
  await bobLink.request<"members">({ type: "members" });
  await bobLink.close();
  const again = await fixture.connect(bob);
  await again.request<"members">({ type: "members" });
  assert.equal(
    again.frames.some(({ type }) => type === "notices"),
    false,
  );
});

test("dedupe records go after their window, once their messages are gone", async (context) => {
  const { fixture, upkeep } = await withMessages(context, 3);
  fixture.clock.jump(fixture.clock.now() + 3 * day + 1);
  assert.deepEqual(await upkeep("dedupe"), { records: 0 });
  await upkeep("retention");
  assert.deepEqual(await upkeep("dedupe", true), { records: 3 });
  assert.deepEqual(await upkeep("dedupe"), { records: 3 });
});

test("the jobs run by themselves on the broker's clock, and the check counts", async (context) => {
  const { fixture, upkeep } = await withMessages(context, 3);
  assert.deepEqual(await upkeep("check"), { findings: 0 });
  assert.equal(await fixture.metric("cm_broker_dedupe_orphan_check_total"), 1);
  fixture.clock.jump(fixture.clock.now() + 2 * day + 1);
  fixture.clock.advance(hour);
  // Jobs run one after the other: when this one answers, those before it have run.
  await upkeep("check", true);
  assert.equal(await fixture.metric('cm_broker_upkeep_removed_total{job="retention"}'), 3);
  assert.ok((await fixture.metric("cm_broker_dedupe_orphan_check_total")) >= 2);
});

test("a damaged index of mentions is rebuilt beside what is being accepted, and the check finds nothing wrong after it", async (context) => {
  const { fixture, alice, bob, link, upkeep } = await withMessages(context, 0);
  const mentioning = () => envelopeOf(fixture.meshId, alice, bob.memberId, "hello", { mentions: [bob.memberId] });
  for (let n = 0; n < 15; n += 1) await link.sendItems(Array.from({ length: 200 }, mentioning));
  assert.deepEqual(await upkeep("mentions"), { added: 0, removed: 0 });
  const db = new DatabaseSync(join(fixture.dataDir, "broker.db"));
  db.exec("DELETE FROM mention_index WHERE seq % 3 = 0");
  db.exec(`INSERT INTO mention_index SELECT mesh_id, '${alice.memberId}', seq FROM message_queue WHERE seq % 5 = 0`);
  db.exec(`INSERT INTO mention_index VALUES ('${fixture.meshId}', '${bob.memberId}', 1000000)`);
  db.close();
  const damage = { added: 1_000, removed: 601 };
  const found = await upkeep("check");
  assert.deepEqual([found["missing_mention"], found["superfluous_mention"]], [1_000, 600]);
  assert.deepEqual(await upkeep("mentions", true), damage);
  const [repaired] = await Promise.all([
    upkeep("mentions"),
    ...Array.from({ length: 20 }, () => link.sendItems([mentioning(), mentioning()])),
  ]);
  assert.deepEqual(repaired, damage);
  assert.deepEqual(await upkeep("mentions", true), { added: 0, removed: 0 });
  assert.deepEqual(await upkeep("check"), { findings: 0 });
});

test("records that would go before their messages are refused at start", async (context) => {
  await assert.rejects(
    brokerFixture(context, { messageRetentionDays: 30, dedupe: { mode: "retention_scoped", retentionDays: 29 } }),
    { code: "invalid_config", hint: /at least as long/ },
  );
});
