import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { storeAt } from "../store/sqlite/open-store.fixture.ts";
import { envelopeOf } from "../testing/peer.ts";
import { directFixture } from "./direct.fixture.ts";

test("a broker that stops finishes what is under way and tells who waits to send again; a link's daemon knows that by itself", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-stopping-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = storeAt(join(folder, "broker.db"));
  const [entered, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let slow = false;
  const accept: typeof store.accept = async (...args) => {
    if (slow) {
      entered.resolve();
      await go.promise;
    }
    return store.accept(...args);
  };
  const fixture = await directFixture(t, { store: { ...store, accept } });
  const { key } = await fixture.apiKey();
  slow = true;
  const underWay = fixture.send(key, {}, "under-way");
  await entered.promise;
  // One transaction runs at a time: these wait for the next one.
  const waiting = [fixture.send(key, {}, "waits-1"), fixture.send(key, {}, "waits-2")];
  const linked = fixture.ownerLink.sendItems([envelopeOf(fixture.meshId, fixture.owner, "#alerts", "by link")]);
  const unanswered = assert.rejects(linked, /closed/);
  while ((await fixture.metric("cm_broker_accept_queue")) < 3) await new Promise((resolve) => setImmediate(resolve));
  const stopped = fixture.stop();
  go.resolve();
  assert.equal((await underWay).status, 201);
  for (const answer of await Promise.all(waiting)) {
    const { status, json, headers } = answer;
    assert.deepEqual([status, json["code"], json["retryable"], headers["retry-after"]], [503, "stopping", true, "1"]);
  }
  await unanswered;
  await stopped;
  await store.start();
  t.after(() => store.stop());
  assert.equal((await store.log(fixture.meshId)).head, 1, "what was told to be sent again is not there");
});
