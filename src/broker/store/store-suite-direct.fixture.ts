import assert from "node:assert/strict";
import { it } from "node:test";
import { limits } from "../../protocol/limits.ts";
import { newIdentity } from "../testing/peer.ts";
import type { NewApiKey } from "./api-key-store.ts";
import { type Bench, item, kinds, type On, revoke, setUnsealed } from "./store-bench.fixture.ts";
import type { AcceptItem, AcceptOutcome } from "./store.ts";

const numbered = (n: number): string => `0198f0a0-0000-7000-8000-${String(n).padStart(12, "0")}`;
const hashOf = (n: number): Buffer => Buffer.alloc(32, n);

/** The suite's part on API keys, and on what is accepted without a link and without a seal. */
export function directCallers(on: On): void {
  const create = ({ store, meshId, alice }: Bench, n: number, change: Partial<NewApiKey> = {}) =>
    store.createApiKey({
      mesh_id: meshId,
      key_id: numbered(n),
      key_hash: hashOf(n),
      member_id: alice.memberId,
      name: `key-${n}`,
      scopes: ["send", "read"],
      destinations: ["#alerts"],
      created_at: 10 + n,
      expires_at: 100,
      ...change,
    });
  const direct = (sent: AcceptItem, unsealed = true): AcceptItem => ({ ...sent, linkEpoch: null, unsealed });
  const codes = (outcomes: readonly AcceptOutcome[]) =>
    outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind));

  it("finds a key by its hash in its own mesh alone, and lists keys without their hashes, newest first", async (t) => {
    const under = await on(t);
    const { store, meshId, alice } = under;
    const made = await create(under, 1);
    assert.deepEqual(made, {
      mesh_id: meshId,
      key_id: numbered(1),
      member_id: alice.memberId,
      name: "key-1",
      scopes: ["send", "read"],
      destinations: ["#alerts"],
      created_at: 11,
      expires_at: 100,
      revoked_at: null,
      last_used_at: null,
    });
    await create(under, 2, { destinations: null, scopes: ["read"] });
    const found = await store.apiKeyByHash(meshId, hashOf(1));
    assert.deepEqual([found?.key_id, Buffer.from(found?.key_hash ?? [])], [numbered(1), hashOf(1)]);
    const { mesh_id } = await store.createMesh({ mesh_id: numbered(99), slug: "other", now: 1 });
    assert.equal(await store.apiKeyByHash(mesh_id, hashOf(1)), null);
    assert.equal(await store.apiKeyByHash(meshId, hashOf(3)), null);
    assert.deepEqual(
      (await store.apiKeys(meshId)).map((key) => [key.key_id, key.destinations, key.scopes, "key_hash" in key]),
      [
        [numbered(2), null, ["read"], false],
        [numbered(1), ["#alerts"], ["send", "read"], false],
      ],
    );
  });

  it("notes when a key was used, revokes it once, and forgets it some time after it was over", async (t) => {
    const under = await on(t);
    const { store, meshId } = under;
    for (const n of [1, 2, 3]) await create(under, n, { expires_at: 100 + n });
    await store.touchApiKey(meshId, numbered(1), 50);
    assert.equal((await store.apiKeyByHash(meshId, hashOf(1)))?.last_used_at, 50);
    assert.equal((await store.revokeApiKey(meshId, numbered(1), 60)).revoked_at, 60);
    assert.equal((await store.revokeApiKey(meshId, numbered(1), 70)).revoked_at, 60);
    assert.equal((await store.apiKeyByHash(meshId, hashOf(1)))?.revoked_at, 60);
    await assert.rejects(store.revokeApiKey(meshId, numbered(9), 60), { code: "not_found" });
    const forget = (before: number, limit: number, dryRun = false) =>
      store.expireApiKeys(meshId, before, { limit, dryRun });
    assert.deepEqual(
      [await forget(101, 9), await forget(103, 9, true), await forget(103, 1), await forget(103, 9)],
      [0, 2, 1, 1],
    );
    assert.deepEqual(
      (await store.apiKeys(meshId)).map(({ key_id }) => key_id),
      [numbered(3)],
    );
  });

  it("makes keys for members alone, and no more than a mesh may have in use", async (t) => {
    const under = await on(t);
    const { store, meshId, bob } = under;
    await assert.rejects(create(under, 1, { member_id: newIdentity().memberId }), { code: "not_a_member" });
    await revoke(store, meshId, bob.memberId, 5);
    await assert.rejects(create(under, 1, { member_id: bob.memberId }), { code: "not_a_member" });
    for (let n = 1; n <= limits.apiKeysOpenMax; n += 1) {
      const key_hash = Buffer.alloc(32);
      key_hash.writeUInt32BE(n);
      await create(under, n, { key_hash, created_at: 10 });
    }
    const again = { created_at: 10 };
    await assert.rejects(create(under, 2_000, again), { code: "too_many_api_keys" });
    await store.revokeApiKey(meshId, numbered(1), 20);
    await create(under, 2_000, again);
    await assert.rejects(create(under, 2_001, again), { code: "too_many_api_keys" });
    assert.equal((await create(under, 2_001, { created_at: 100, expires_at: 200 })).created_at, 100, "those are over");
  });

  it("accepts without a link whatever link of the member is open, and what is not sealed only where a topic is open for it", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, bob, now } = under;
    for (const name of ["alerts", "plans"])
      await store.createTopic({ mesh_id: meshId, name, created_by: alice.memberId, now });
    await store.raiseLinkEpoch(meshId, alice.memberId, { instance_id: "i", now });
    await setUnsealed(store, meshId, "#alerts", true);
    const sent = [
      direct(item(meshId, alice, "#alerts")),
      direct(item(meshId, alice, "#plans")),
      direct(item(meshId, alice, "#plans"), false),
      direct(item(meshId, alice, bob)),
      direct(item(meshId, alice, bob), false),
      direct(item(meshId, alice, newIdentity())),
      direct(item(meshId, alice, "#nowhere")),
      direct(item(meshId, bob, "#alerts")),
      item(meshId, alice, "#alerts"),
    ];
    assert.deepEqual(codes(await store.accept(meshId, sent, 10)), [
      "accepted",
      "unsealed_body",
      "accepted",
      "unsealed_body",
      "accepted",
      "unsealed_body",
      "unknown_destination",
      "not_subscribed",
      "behind",
    ]);
    assert.deepEqual(kinds(await store.accept(meshId, sent.slice(0, 1), 11)), ["duplicate"]);
  });

  it("remembers up to where unsealed messages may stand in a topic that was closed for them", async (t) => {
    const under = await on(t);
    const { store, meshId, alice, now } = under;
    await store.createTopic({ mesh_id: meshId, name: "alerts", created_by: alice.memberId, now });
    const policy = async () => {
      const topic = await store.topicByName(meshId, "alerts");
      assert.deepEqual(
        (await store.topics(meshId)).find(({ name }) => name === "alerts"),
        topic,
      );
      return [topic?.unsealed, topic?.unsealed_through];
    };
    assert.deepEqual(await policy(), [false, 0]);
    await setUnsealed(store, meshId, "#alerts", false);
    assert.deepEqual(await policy(), [false, 0], "it never was open");
    await setUnsealed(store, meshId, "#alerts", true);
    const [sent, late] = [direct(item(meshId, alice, "#alerts")), direct(item(meshId, alice, "#alerts"))];
    await store.accept(meshId, [sent, item(meshId, alice, alice)], 10);
    await setUnsealed(store, meshId, "#alerts", false);
    assert.deepEqual(await policy(), [false, 2]);
    assert.deepEqual(codes(await store.accept(meshId, [sent, late], 11)), ["duplicate", "unsealed_body"]);
    await setUnsealed(store, meshId, "#alerts", true);
    await setUnsealed(store, meshId, "#alerts", true);
    assert.deepEqual(await policy(), [true, 2]);
  });

  it("opens and closes a queue in the same way; one that is made anew is as open as the membership says", async (t) => {
    const { store, meshId, alice, now } = await on(t);
    const create = () =>
      store.createQueue({ mesh_id: meshId, name: "jobs", created_by: alice.memberId, deliveries_max: 5, now });
    const policy = async () => {
      const queue = await store.queueByName(meshId, "jobs");
      assert.deepEqual(await store.queues(meshId), [queue]);
      return [queue?.unsealed, queue?.unsealed_through];
    };
    const sent = Array.from({ length: 5 }, () => direct(item(meshId, alice, "queue:jobs")));
    const accept = async (n: number) => codes(await store.accept(meshId, sent.slice(n, n + 1), 10));
    assert.deepEqual(await accept(0), ["unknown_destination"]);
    const made = await create();
    assert.deepEqual([made.unsealed, made.unsealed_through], [false, 0]);
    assert.deepEqual(await accept(0), ["unsealed_body"]);
    await setUnsealed(store, meshId, "queue:jobs", true);
    assert.deepEqual([...(await accept(0)), ...(await accept(1))], ["accepted", "accepted"]);
    const claim = { limit: 9, limitBytes: 1_000_000, leaseMs: 1_000, now: 20 };
    assert.equal((await store.claim(meshId, alice.memberId, "jobs", claim)).messages.length, 2);
    await setUnsealed(store, meshId, "queue:jobs", false);
    assert.deepEqual(await policy(), [false, 2]);
    assert.deepEqual([...(await accept(1)), ...(await accept(2))], ["duplicate", "unsealed_body"]);
    await setUnsealed(store, meshId, "queue:jobs", true);
    assert.deepEqual(await policy(), [true, 2]);
    await store.deleteQueue(meshId, "jobs", { force: true, limit: 100, now });
    assert.equal((await create()).unsealed, true);
    assert.deepEqual(await policy(), [true, 0]);
    assert.deepEqual(await accept(3), ["accepted"]);
    await setUnsealed(store, meshId, "queue:jobs", false);
    await store.deleteQueue(meshId, "jobs", { force: true, limit: 100, now });
    await create();
    assert.deepEqual(await policy(), [false, 0]);
    assert.deepEqual(await accept(4), ["unsealed_body"]);
  });

  it("opens a topic and a queue that are made after the membership has opened them, and none that it has closed again", async (t) => {
    const { store, meshId, alice, now } = await on(t);
    const made = { mesh_id: meshId, created_by: alice.memberId, now };
    for (const destination of ["#alerts", "queue:alerts", "#closed"])
      await setUnsealed(store, meshId, destination, true);
    await setUnsealed(store, meshId, "#closed", false);
    assert.equal((await store.createTopic({ ...made, name: "alerts" })).unsealed, true);
    assert.equal((await store.createQueue({ ...made, name: "alerts", deliveries_max: 5 })).unsealed, true);
    assert.equal((await store.createTopic({ ...made, name: "closed" })).unsealed, false);
    assert.equal((await store.createTopic({ ...made, name: "other" })).unsealed, false);
    const topics = (await store.topics(meshId)).filter(({ unsealed }) => unsealed);
    assert.deepEqual(
      topics.map(({ name, unsealed_through: through }) => [name, through]),
      [["alerts", 0]],
    );
    const sent = ["#alerts", "queue:alerts"].map((to) => direct(item(meshId, alice, to)));
    assert.deepEqual(codes(await store.accept(meshId, sent, 10)), ["accepted", "accepted"]);
  });

  it("tells the message at a place of the log, and of an empty place nothing", async (t) => {
    const { store, meshId, alice, bob, now } = await on(t);
    const { topic_id } = await store.createTopic({ mesh_id: meshId, name: "builds", created_by: alice.memberId, now });
    const [one, two] = [item(meshId, alice, bob), item(meshId, alice, "#builds")];
    await store.accept(meshId, [one, two], 10);
    const at = async (seq: number) => {
      const found = await store.messageAt(meshId, seq);
      return found === null ? null : [found.destination, found.envelope.client_message_id, found.accepted_at];
    };
    assert.deepEqual(await at(1), ["dm", one.envelope.client_message_id, 10]);
    assert.deepEqual(await at(2), [`topic:${topic_id}`, two.envelope.client_message_id, 10]);
    assert.equal(await at(3), null);
  });
}
