import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { silentLog } from "../../../base/log.ts";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { onServer, type SharedPostgres } from "../../testing/postgres-server.ts";
import { type OpenStore, positionSecret, type StoreUnderTest } from "../store-bench.fixture.ts";
import type { BrokerStore } from "../store.ts";
import type { PostgresStoreOptions } from "./core.ts";
import { createPostgresStore } from "./postgres-store.ts";

export const deployment = { brokerId: "broker", publicKeyHex: "ab".repeat(32) };

export function postgresStoreAt(url: string, changes: Partial<PostgresStoreOptions> = {}): BrokerStore {
  return createPostgresStore({
    url,
    clock: createManualClock(),
    log: silentLog,
    positionSecret,
    deployment,
    instanceId: randomUUID(),
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
    acceptConnections: 2,
    queryConnections: 3,
    ...changes,
  });
}

/** Opens stores in databases of their own on a server that the file shares. */
export function openPostgresStore(server: () => Promise<SharedPostgres>): OpenStore {
  return async (t: TestContext, dedupe) => {
    const url = await (await server()).createDatabase();
    return storeUnderTest(t, url, dedupe === undefined ? {} : { dedupe });
  };
}

export async function storeUnderTest(
  t: Pick<TestContext, "after">,
  url: string,
  changes: Partial<PostgresStoreOptions> = {},
): Promise<StoreUnderTest> {
  let store = postgresStoreAt(url, changes);
  t.after(() => store.stop());
  await store.start();
  return {
    store,
    async reopen() {
      await store.stop();
      store = postgresStoreAt(url, changes);
      await store.start();
      return store;
    },
    async tamper(sql) {
      await onServer(url, async (client) => {
        await client.query("SET search_path = mesh");
        await client.query(sql);
      });
    },
  };
}
