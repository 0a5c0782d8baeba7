import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { silentLog } from "../../../base/log.ts";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { positionSecret, type StoreUnderTest } from "../store-bench.fixture.ts";
import type { SqliteStoreOptions } from "./core.ts";
import { createSqliteStore } from "./sqlite-store.ts";

/** Options of the store that tests change. */
type Changes = Partial<Pick<SqliteStoreOptions, "dedupe" | "pragmas">>;

export function storeAt(path: string, changes: Changes = {}) {
  return createSqliteStore({
    path,
    clock: createManualClock(),
    log: silentLog,
    positionSecret,
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
    ...changes,
  });
}

export async function openSqliteStore(t: TestContext, dedupe?: SqliteStoreOptions["dedupe"]): Promise<StoreUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  const path = join(folder, "broker.db");
  const changes = dedupe === undefined ? {} : { dedupe };
  let store = storeAt(path, changes);
  t.after(async () => {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await store.start();
  return {
    store,
    async reopen() {
      await store.stop();
      store = storeAt(path, changes);
      await store.start();
      return store;
    },
    async tamper(sql) {
      const db = new DatabaseSync(path);
      db.exec(sql);
      db.close();
    },
  };
}
