import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { postgresStoreAt } from "../store/postgres/open-store.fixture.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { createFingerprintPolicy } from "./fingerprint-policy.ts";

const server = sharedPostgres();
const [v1, v2] = ["sha256-jcs-v1", "sha256-jcs-v2"] as const;
const dayMs = 86_400_000;

test("brokers over one store that offer different versions agree on what is taken: what any of them offers, and until a window after", async (t) => {
  const url = await (await server()).createDatabase();
  const clock = createManualClock();
  const policyOf = async (offered: readonly string[]) => {
    const store = postgresStoreAt(url);
    await store.start();
    t.after(() => store.stop());
    const policy = createFingerprintPolicy({
      store,
      offered,
      dedupe: { mode: "retention_scoped", retentionDays: 30 },
      clock,
      log: silentLog,
    });
    await policy.start();
    t.after(() => policy.stop());
    return { policy, store };
  };
  const { policy: newer } = await policyOf([v2]);
  assert.deepEqual([newer.accepts(v1), newer.accepts(v2), newer.accepts("sha256-jcs-v9")], [false, true, false]);
  const older = await policyOf([v1]);
  assert.deepEqual([older.policy.accepts(v1), older.policy.accepts(v2)], [true, true], "the store knows of both");
  clock.advance(1_000);
  await newer.refresh();
  assert.equal(newer.accepts(v1), true);
  await older.policy.stop();
  const noted = clock.now() - 1_000;
  // Nobody offers version 1 any more; the times are the store's, whoever asks.
  clock.jump(noted + 30 * dayMs - 1);
  await newer.refresh();
  assert.equal(newer.accepts(v1), true);
  clock.jump(noted + 30 * dayMs);
  await newer.refresh();
  assert.equal(newer.accepts(v1), false);
  assert.equal(older.policy.accepts(v2), false, "it has not asked since");
  clock.advance(1_000);
  await older.policy.refresh();
  assert.equal(older.policy.accepts(v2), true, "and hears that the other broker offers it still");
});

test("a store that is away when a broker asks changes nothing of what is taken, and is asked no more often than once a second", async (t) => {
  const clock = createManualClock();
  const warned: string[] = [];
  let asked = 0;
  let away = false;
  const policy = createFingerprintPolicy({
    store: {
      async noteFingerprints() {
        asked += 1;
        if (away) throw new Error("away");
        return new Map([[v1, clock.now()]]);
      },
    },
    offered: [v2],
    dedupe: { mode: "retention_scoped", retentionDays: 30 },
    clock,
    log: { ...silentLog, warn: (_fields, message) => void warned.push(message) },
  });
  await policy.start();
  t.after(() => policy.stop());
  away = true;
  await Promise.all([policy.refresh(), policy.refresh(), policy.refresh()]);
  await policy.refresh();
  assert.deepEqual([asked, warned.length, policy.accepts(v1)], [2, 1, true]);
  clock.advance(1_000);
  await policy.refresh();
  assert.equal(asked, 3);
});
