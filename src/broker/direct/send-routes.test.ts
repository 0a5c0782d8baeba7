import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { directFixture } from "./direct.fixture.ts";
import { sealedShared, envelopeOf } from "../testing/peer.ts";

test("a message by an API key is committed once under its id, pushed without a signature, and answered again whatever the limit", async (t) => {
  const fixture = await directFixture(t, { limits: { memberRate: 1, memberBurst: 2 } });
  const { key, key_id } = await fixture.apiKey();
  const first = await fixture.send(key, {}, "disk-1");
  assert.equal(first.status, 201, first.text);
  assert.equal(first.json["client_message_id"], "disk-1");
  assert.equal(first.headers["ratelimit-policy"], '"messages";q=2;w=2');
  assert.equal(first.headers["ratelimit"], '"messages";r=1;t=1');
  const [item] = await fixture.bobLink.pushes(1);
  assert.ok(item?.envelope);
  assert.deepEqual(
    [item.envelope.sender, item.envelope.key_id, item.envelope.signature, item.envelope.client_message_id],
    [fixture.owner.memberId, `api:${key_id}`, "", `${fixture.owner.memberId.slice(0, 16)}:disk-1`],
  );

  assert.equal((await fixture.send(key, {}, "disk-2")).status, 201);
  const limited = await fixture.send(key, {}, "disk-3");
  assert.deepEqual([limited.status, limited.json["code"], limited.json["retryable"]], [429, "rate_limited", true]);
  assert.ok(Number(limited.headers["retry-after"]) >= 1);
  assert.match(String(limited.headers["ratelimit"]), /^"messages";r=0;t=\d+$/);
  assert.equal(limited.headers["content-type"], "application/problem+json");

  const again = await fixture.send(key, {}, "disk-1");
  assert.equal(again.status, 200);
  assert.deepEqual(
    [again.json["duplicate"], again.json["broker_message_id"], again.json["accepted_at"]],
    [true, first.json["broker_message_id"], first.json["accepted_at"]],
  );
  assert.equal(again.headers["ratelimit"], undefined, "nothing was spent");
  const other = await fixture.send(key, { message: "another" }, "disk-1");
  assert.deepEqual(
    [other.status, other.json["code"], other.json["conflict"], other.json["broker_message_id"]],
    [409, "idempotency_key_reused", "request_fingerprint_mismatch", first.json["broker_message_id"]],
  );
});

test("the first answer and every later one tell the same time of acceptance, however long the commit took", async (t) => {
  const still = createManualClock();
  let ms = still.now();
  const fixture = await directFixture(t, { clock: { ...still, now: () => (ms += 1) } });
  const { key } = await fixture.apiKey();
  const first = await fixture.send(key, {}, "disk-1");
  const again = await fixture.send(key, {}, "disk-1");
  const state = await fixture.ask(key, "GET", "/messages/disk-1");
  assert.deepEqual([first.status, again.status, state.status], [201, 200, 200]);
  assert.equal(again.json["accepted_at"], first.json["accepted_at"]);
  assert.equal(state.json["accepted_at"], first.json["accepted_at"]);
});

test("fifty requests of one id at once commit one message, and all of them name it", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  const answers = await Promise.all(Array.from({ length: 50 }, () => fixture.send(key, {}, "one")));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(new Set(answers.map(({ json }) => json["broker_message_id"])).size, 1);
});

test("a key's holder cannot say which agent sends: no daemon stands behind it", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  for (const [fields, code] of [
    [{ meta: { "claudemesh.from_agent": "backend" } }, "invalid_field"],
    [{ meta: { "claudemesh.hops": 0 } }, "invalid_field"],
    [{ from_agent: "backend" }, "unknown_field"],
    [{ hops: 1 }, "unknown_field"],
  ] as const) {
    const refused = await fixture.send(key, fields, "id");
    assert.deepEqual([refused.status, refused.json["code"]], [400, code], refused.text);
  }
  assert.equal((await fixture.send(key, {}, "id")).status, 201, "nothing was kept under the id");
});

test("without an id one is made and told; the id may stand in the header or the body, and two that differ are refused", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  const minted = await fixture.send(key);
  assert.match(String(minted.json["client_message_id"]), /^[0-9a-f]{8}-/);
  const state = await fixture.ask(key, "GET", `/messages/${minted.json["client_message_id"]}`);
  assert.equal(state.json["broker_message_id"], minted.json["broker_message_id"]);
  assert.equal((await fixture.send(key, { client_message_id: "a" }, "a")).status, 201);
  assert.equal((await fixture.send(key, { client_message_id: "a" })).status, 200);
  const both = await fixture.send(key, { client_message_id: "a" }, "b");
  assert.deepEqual([both.status, both.json["code"]], [400, "id_conflict_header_body"]);
});

test("what nobody has sealed is taken where an owner has opened the topic, and nowhere else; a retry is answered after it was closed", async (t) => {
  const fixture = await directFixture(t);
  const { ownerLink } = fixture;
  const { key } = await fixture.apiKey();
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "plans" });
  const refused = async (to: string): Promise<unknown[]> => {
    const { status, json } = await fixture.send(key, { to }, "never");
    return [status, json["code"]];
  };
  for (const to of ["#plans", "#all", "@bob", "@owner/agent"])
    assert.deepEqual(await refused(to), [400, "unsealed_body"], to);
  assert.deepEqual(await refused("#nowhere"), [404, "unknown_destination"]);
  assert.equal((await fixture.send(key, {}, "kept")).status, 201);
  await fixture.setUnsealed("#alerts", false);
  const { topics } = await ownerLink.request<"topics">({ type: "topics" });
  const closed = topics.find(({ name }) => name === "alerts");
  assert.deepEqual([closed?.unsealed, closed?.unsealed_through], [false, 1]);
  assert.deepEqual(await refused("#alerts"), [400, "unsealed_body"]);
  assert.equal((await fixture.send(key, {}, "kept")).status, 200);
  await fixture.setUnsealed("#alerts", true);
  assert.equal((await fixture.send(key, {}, "never")).status, 201, "nothing that was refused had used the id up");
});

test("a queue takes what nobody has sealed once an owner has opened it, and whoever claims it gets it as it is", async (t) => {
  const fixture = await directFixture(t);
  const { bobLink } = fixture;
  const { key, key_id } = await fixture.apiKey({ destinations: ["queue:jobs"] });
  const send = (id: string) => fixture.send(key, { to: "queue:jobs" }, id);
  assert.equal((await send("one")).json["code"], "unknown_destination");
  await bobLink.request<"queue_create">({ type: "queue_create", name: "jobs", deliveries_max: 5 });
  const refused = await send("one");
  assert.deepEqual([refused.status, refused.json["code"]], [400, "unsealed_body"]);
  assert.match(String(refused.json["hint"]), /claudemesh queue open jobs --unsealed/);
  await fixture.setUnsealed("queue:jobs", true);
  assert.equal((await send("one")).status, 201);
  assert.equal((await fixture.ask(key, "GET", "/messages/one")).json["delivered_to"], null);
  const claim = { type: "claim", queue: "jobs", limit: 5, lease_ms: 60_000, wait_ms: 0 } as const;
  const { messages } = await bobLink.request<"claim">(claim);
  assert.deepEqual(
    messages.map(({ item }) => [item.envelope?.key_id, item.envelope?.signature]),
    [[`api:${key_id}`, ""]],
  );
  await fixture.setUnsealed("queue:jobs", false);
  const { queues } = await bobLink.request<"queues">({ type: "queues", queue: "jobs", counts: false });
  assert.deepEqual([queues[0]?.unsealed, queues[0]?.unsealed_through], [false, 1]);
  assert.equal((await send("two")).json["code"], "unsealed_body");
});

test("a link never sends what nobody has signed, nor in the name of a key", async (t) => {
  const fixture = await directFixture(t);
  const { meshId, owner, ownerLink } = fixture;
  const { key_id } = await fixture.apiKey();
  const signed = envelopeOf(meshId, owner, "#alerts", "", sealedShared);
  const forged = [
    { ...signed, signature: "" },
    { ...signed, key_id: `api:${key_id}` },
    { ...signed, key_id: `api:${key_id}`, signature: "" },
  ];
  for (const envelope of forged) {
    const [answer] = await ownerLink.sendItems([envelope]);
    assert.ok(answer !== undefined && "code" in answer);
    assert.deepEqual([answer.status, answer.code], [400, "invalid_envelope"]);
  }
  assert.equal((await ownerLink.sendItems([signed]))[0]?.status, 201);
});

test("an id that its member voided, a member outside the topic and a body that is too large are refused as on a link", async (t) => {
  const fixture = await directFixture(t, { limits: { inlineBytes: 1_024 } });
  const { key } = await fixture.apiKey();
  await fixture.ownerLink.voidIds([`${fixture.owner.memberId.slice(0, 16)}:gone`]);
  const code = async (answer: ReturnType<typeof fixture.send>): Promise<unknown[]> => {
    const { status, json } = await answer;
    return [status, json["code"]];
  };
  assert.deepEqual(await code(fixture.send(key, {}, "gone")), [410, "id_void"]);
  assert.deepEqual(await code(fixture.send(key, { message: "x".repeat(1_025) })), [413, "body_too_large"]);
  await fixture.mesh.admit("carol");
  const carols = await fixture.apiKey({ member: "@carol" });
  assert.deepEqual(await code(fixture.send(carols.key)), [403, "not_subscribed"]);
});

test("mentions are named as @name, are in the index, and a name that is nobody's is refused with the one meant", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  const sent = await fixture.send(key, { mentions: ["@bob", `@${fixture.owner.memberId}`] }, "m");
  assert.equal(sent.status, 201, sent.text);
  const found = await fixture.bobLink.request<"mentions">({ type: "mentions", before_seq: null, limit: 10 });
  assert.deepEqual(
    found.items.map(({ seq }) => seq),
    [1],
  );
  const wrong = await fixture.send(key, { mentions: ["@bop"] });
  assert.deepEqual(
    [wrong.status, wrong.json["code"], wrong.json["suggestions"]],
    [404, "unknown_destination", ["@bob"]],
  );
});

test("what became of a message is told to its member alone: who holds it, and that its history is gone", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  await fixture.send(key, {}, "disk-1");
  const state = async (of: string) => (await fixture.ask(of, "GET", "/messages/disk-1")).json;
  assert.deepEqual((await state(key))["delivered_to"], { reached: 0, of: 1 });
  const [item] = await fixture.bobLink.pushes(1);
  fixture.bobLink.acknowledge(item?.destination ?? "", 1);
  // Answered after the acknowledgement: frames of one link are handled in order.
  await fixture.bobLink.request<"topics">({ type: "topics" });
  assert.deepEqual((await state(key))["delivered_to"], { reached: 1, of: 1 });
  const bobs = await fixture.apiKey({ member: "bob" });
  assert.equal((await fixture.ask(bobs.key, "GET", "/messages/disk-1")).status, 404);
  fixture.clock.advance(40 * 86_400_000);
  await fixture.admin("POST", "/v1/upkeep/retention", {});
  const later = await state(key);
  assert.deepEqual([later["history_available"], later["delivered_to"]], [false, null]);
  assert.equal((await fixture.send(key, {}, "disk-1")).json["history_available"], false);
});

test("a broker that cannot reach its store says when to try again, and has taken nothing", async (t) => {
  const fixture = await directFixture(t);
  const { key } = await fixture.apiKey();
  assert.equal((await fixture.send(key, {}, "before")).status, 201);
  const other = new DatabaseSync(join(fixture.dataDir, "broker.db"));
  t.after(() => other.close());
  other.exec("ALTER TABLE client_message_dedupe RENAME TO away");
  const away = await fixture.send(key, {}, "meanwhile");
  assert.deepEqual([away.status, away.json["code"], away.headers["retry-after"]], [503, "store_unavailable", "1"]);
  other.exec("ALTER TABLE away RENAME TO client_message_dedupe");
  assert.equal((await fixture.send(key, {}, "meanwhile")).status, 201);
});
