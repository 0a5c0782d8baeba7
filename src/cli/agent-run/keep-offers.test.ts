import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Client } from "../../client/client.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { keepOffers } from "./keep-offers.ts";

/** A daemon that answers each extension as the test says. */
function keeping(t: TestContext, answer: (time: number) => Promise<{ changed: string[]; lost: string[] }>) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let times = 0;
  let isLost = false;
  const client = {
    agents: {
      extend: () => {
        times += 1;
        return answer(times);
      },
    },
  } as unknown as Client;
  const kept = keepOffers(client, { kind: "command", id: "s" }, ["o"], () => {
    isLost = true;
  });
  t.after(() => kept.stop());
  return {
    stop: () => kept.stop(),
    async third() {
      t.mock.timers.tick(limits.offerLeaseMs / 3);
      await new Promise(setImmediate);
    },
    times: () => times,
    isLost: () => isLost,
  };
}

test("a lease is extended at every third of it, over a daemon that is away, until it is stopped", async (t) => {
  const kept = keeping(t, async (time) => {
    if (time === 2) throw new ClaudemeshError("not_running", "the daemon is away");
    return { changed: ["o"], lost: [] };
  });
  for (let third = 1; third <= 4; third += 1) {
    await kept.third();
    assert.deepEqual([kept.times(), kept.isLost()], [third, false]);
  }
  kept.stop();
  await kept.third();
  assert.equal(kept.times(), 4);
});

test("what the daemon calls lost is lost, also when the session is gone as a whole", async (t) => {
  const kept = keeping(t, async () => ({ changed: [], lost: ["o"] }));
  await kept.third();
  assert.equal(kept.isLost(), true);
});

test("a session that the daemon does not know any more has lost what it held", async (t) => {
  const kept = keeping(t, async () => {
    throw new ClaudemeshError("unknown_agent", "there is no such session");
  });
  await kept.third();
  assert.equal(kept.isLost(), true);
});
