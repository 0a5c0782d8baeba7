import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { storeAt } from "../store/sqlite/open-store.fixture.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { BrokerStore } from "../store/store.ts";
import { brokerFixture } from "../testing/fixture.ts";

/** A broker whose store begins another life when the test says so, and may have lost the newest numbers of links by that. */
async function mortalBroker(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "cm-life-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const real = storeAt(join(folder, "broker.db"));
  const state = { life: "first", linksLost: 0, comparedIn: [] as string[], beforeRaising: (): void => undefined };
  const store: BrokerStore = Object.assign(Object.create(real) as BrokerStore, {
    life: () => state.life,
    async checkPosition() {
      state.comparedIn.push(state.life);
      return { state: "ok" as const };
    },
    async raiseLinkEpoch(...args: Parameters<BrokerStore["raiseLinkEpoch"]>) {
      state.beforeRaising();
      const raised = await real.raiseLinkEpoch(...args);
      return { ...raised, link_epoch: raised.link_epoch - state.linksLost, life: state.life };
    },
  });
  return { state, fixture: await brokerFixture(t, { store }) };
}

test("a member whose position was compared with one life's log is not let in to another's: it is compared again", async (t) => {
  const { state, fixture } = await mortalBroker(t);
  const alice = await fixture.member("alice");
  state.beforeRaising = () => {
    state.life = "second";
  };
  const position = { epoch: 1, seq: 1, broker_message_id: newUuidV7(1), incarnation: "first", mac: "m" };
  await fixture.connect(alice, { hello: { position } });
  assert.deepEqual(state.comparedIn, ["first", "second"]);
  state.comparedIn = [];
  // One that changes again and again lets nobody in.
  state.beforeRaising = () => {
    state.life += "+";
  };
  await assert.rejects(fixture.connect(alice, { hello: { position } }), /closed/);
  assert.ok(state.comparedIn.length > 1);
});

test("a link of the life before is not taken for a newer one, whatever its number", async (t) => {
  const { state, fixture } = await mortalBroker(t);
  const alice = await fixture.member("alice");
  const hello = { instance_id: "mine" };
  for (let n = 0; n < 3; n += 1) await fixture.connect(alice, { hello });
  const old = await fixture.connect(alice, { hello });
  state.life = "second";
  state.linksLost = 3;
  const link = await fixture.connect(alice, { hello });
  assert.ok(link.ack.link_epoch < old.ack.link_epoch);
  assert.equal((await old.closed).code, 1006, "its own half-open link goes without a word");
});
