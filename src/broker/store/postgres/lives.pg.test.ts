import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { postgresRelay } from "../../testing/postgres-relay.ts";
import { startPostgres } from "../../testing/postgres-server.ts";
import { standbyOf } from "../../testing/postgres-copies.ts";
import { bench, item, kinds } from "../store-bench.fixture.ts";
import { storeUnderTest } from "./open-store.fixture.ts";

/** A store that reaches its server by an address that can be led to another one. */
async function reached(t: TestContext) {
  const primary = await startPostgres();
  t.after(() => primary.remove());
  const relay = await postgresRelay(t, primary.port);
  const under = await bench(t, (context) => storeUnderTest(context, relay.url(primary.url())));
  const standby = await standbyOf(t, primary, primary.port);
  return { primary, relay, standby, ...under };
}

test("what a link of another life sends is refused, although its number was given again; what it has committed is known", async (t) => {
  const { store, meshId, alice, bob, standby, relay, primary } = await reached(t);
  const raise = () => store.raiseLinkEpoch(meshId, alice.memberId, { instance_id: "i", now: 1 });
  await standby.caughtUp();
  await primary.stop("immediate");
  await primary.start();
  // This one, the standby will not have.
  relay.cut();
  await standby.server.stop("immediate");
  const before = await raise();
  const of = (link: { link_epoch: number; life: string }) => ({ linkEpoch: link.link_epoch, life: link.life });
  const early = item(meshId, alice, bob);
  assert.deepEqual(kinds(await store.accept(meshId, [{ ...early, ...of(before) }], 1)), ["accepted"]);
  await primary.stop("immediate");
  relay.lead(standby.server.port);
  await standby.server.start();
  await standby.promote();
  const after = await answered(raise);
  assert.equal(after.link_epoch, before.link_epoch);
  assert.notEqual(after.life, before.life);
  const [late, known] = [item(meshId, alice, bob), item(meshId, alice, bob)];
  assert.deepEqual(kinds(await store.accept(meshId, [{ ...known, ...of(after) }], 1)), ["accepted"]);
  const [refused, duplicate] = await store.accept(
    meshId,
    [
      { ...late, ...of(before) },
      { ...known, ...of(before) },
    ],
    1,
  );
  assert.ok(refused?.kind === "refused" && refused.code === "behind");
  assert.equal(duplicate?.kind, "duplicate");
});

test("once a store has met another life it asks the server of the one before nothing more, though that still answers", async (t) => {
  const { store, meshId, alice, bob, standby, relay, primary } = await reached(t);
  let lives = 0;
  store.shared?.onNewLife(() => {
    lives += 1;
  });
  await standby.caughtUp();
  // Connections of both kinds that stay as they are.
  const one = item(meshId, alice, bob);
  assert.deepEqual(kinds(await store.accept(meshId, [one], 1)), ["accepted"]);
  await standby.caughtUp();
  await standby.promote();
  relay.lead(standby.server.port);
  const before = store.life();
  // More at once than there are connections: at least one is new, and leads to the other server.
  await Promise.all(Array.from({ length: 8 }, () => store.members(meshId)));
  assert.notEqual(store.life(), before);
  for (let n = 0; n < 5; n += 1)
    assert.deepEqual(kinds(await store.accept(meshId, [item(meshId, alice, bob)], 1)), ["accepted"]);
  assert.equal(lives, 1);
  const { head } = await store.log(meshId);
  assert.equal(head, 6);
  await primary.stop("immediate");
  assert.equal((await store.lookUp(meshId, [one.envelope.client_message_id])).size, 1);
  assert.deepEqual((await store.checkConsistency(meshId, 0, 100)).findings, []);
});

/** As long as connections of the life before end, a call may have to be made again. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      assert.equal((thrown as { code?: unknown }).code, "store_unavailable");
    }
  }
}
