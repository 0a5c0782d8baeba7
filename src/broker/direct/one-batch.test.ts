import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { BrokerLimits } from "../broker-limits.ts";
import { storeAt } from "../store/sqlite/open-store.fixture.ts";
import { envelopeOf, sealedShared } from "../testing/peer.ts";
import { directFixture } from "./direct.fixture.ts";

/** A broker whose store waits in its next transaction until it is told to go on: what comes meanwhile is one batch. */
async function heldFixture(t: TestContext, limits: Partial<BrokerLimits> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "cm-batch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = storeAt(join(folder, "broker.db"));
  const [entered, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let held = false;
  const accept: typeof store.accept = async (...args) => {
    if (held) {
      entered.resolve();
      await go.promise;
    }
    return store.accept(...args);
  };
  const fixture = await directFixture(t, { store: { ...store, accept }, limits });
  const { key } = await fixture.apiKey();
  held = true;
  const underWay = fixture.send(key, {}, "under-way");
  await entered.promise;
  return {
    fixture,
    store,
    key,
    underWay,
    go: go.resolve,
    /** Resolves when so many wait for the next transaction. */
    async queued(count: number) {
      while ((await fixture.metric("cm_broker_accept_queue")) < count)
        await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("of requests in one batch none is held back for another that was refused, though they go to one topic", async (t) => {
  const { fixture, key, underWay, go, queued } = await heldFixture(t, { memberRate: 1, memberBurst: 2 });
  const waiting = Array.from({ length: 4 }, (_, n) => fixture.send(key, {}, `n-${n}`));
  await queued(4);
  go();
  assert.equal((await underWay).status, 201);
  const codes = (await Promise.all(waiting)).map(({ status, json }) => (status === 201 ? "taken" : json["code"]));
  assert.deepEqual(codes.sort(), ["rate_limited", "rate_limited", "rate_limited", "taken"]);
});

test("a broker that stops finishes what is under way and tells who waits to send again; a link's daemon knows that by itself", async (t) => {
  const { fixture, store, key, underWay, go, queued } = await heldFixture(t);
  const waiting = [fixture.send(key, {}, "waits-1"), fixture.send(key, {}, "waits-2")];
  const linked = fixture.ownerLink.sendItems([
    envelopeOf(fixture.meshId, fixture.owner, "#alerts", "by link", sealedShared),
  ]);
  const unanswered = assert.rejects(linked, /closed/);
  await queued(3);
  const stopped = fixture.stop();
  go();
  assert.equal((await underWay).status, 201);
  for (const { status, json, headers } of await Promise.all(waiting))
    assert.deepEqual([status, json["code"], json["retryable"], headers["retry-after"]], [503, "stopping", true, "1"]);
  await unanswered;
  await stopped;
  await store.start();
  t.after(() => store.stop());
  assert.equal((await store.log(fixture.meshId)).head, 1, "what was told to be sent again is not there");
});
