/** The stores that measurements run over, opened as the broker opens them. */
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import type { Log } from "../src/base/log.ts";
import { createSqliteStore } from "../src/broker/store/sqlite/sqlite-store.ts";
import type { BrokerStore } from "../src/broker/store/store.ts";

/** Says what is wrong on standard error, and nothing else. */
export const complaints: Log = { debug() {}, info() {}, warn: complain, error: complain };

function complain(fields: Record<string, unknown>, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
}

export interface StoreOptions {
  /** null: the embedded store, in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly positionSecret: Buffer;
}

/** Not started. Rows of the same retention as a broker's own by default. */
export function openStore({ dataDir, positionSecret }: StoreOptions): BrokerStore {
  return createSqliteStore({
    path: join(dataDir, "broker.db"),
    clock: systemClock,
    log: complaints,
    positionSecret,
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
    messageRetentionDays: 30,
  });
}
