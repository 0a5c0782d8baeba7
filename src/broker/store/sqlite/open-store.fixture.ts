import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { silentLog } from "../../../base/log.ts";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import type { StoreUnderTest } from "../store-bench.fixture.ts";
import { createSqliteStore } from "./sqlite-store.ts";

export const positionSecret = Buffer.alloc(32, 7);

export function storeAt(path: string, pragmas?: string) {
  return createSqliteStore({
    path,
    clock: createManualClock(),
    log: silentLog,
    positionSecret,
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
    ...(pragmas === undefined ? {} : { pragmas }),
  });
}

export async function openSqliteStore(t: TestContext): Promise<StoreUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  const path = join(folder, "broker.db");
  let store = storeAt(path);
  t.after(async () => {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await store.start();
  return {
    store,
    async reopen() {
      await store.stop();
      store = storeAt(path);
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
