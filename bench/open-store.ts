/** The stores that measurements run over, opened as the broker opens them. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import type { Log } from "../src/base/log.ts";
import { loadDeploymentKey } from "../src/broker/deployment-key.ts";
import { createPostgresStore } from "../src/broker/store/postgres/postgres-store.ts";
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
  /** Of the broker: its deployment key is made here when there is none. */
  readonly dataDir: string;
  /** Connections to PostgreSQL for accepting, if not the store's own number. */
  readonly acceptConnections?: number;
}

/** Not started. Records are kept as long as a broker keeps them by default. */
export function openStore(options: StoreOptions): BrokerStore {
  const { databaseUrl, dataDir } = options;
  const key = loadDeploymentKey(join(dataDir, "deployment_key.json"), { isFirstStart: true, now: systemClock.now() });
  const common = {
    clock: systemClock,
    log: complaints,
    positionSecret: key.positionSecret,
    dedupe: { mode: "retention_scoped", retentionDays: 365 },
  } as const;
  if (databaseUrl === null)
    return createSqliteStore({ ...common, path: join(dataDir, "broker.db"), messageRetentionDays: 30 });
  return createPostgresStore({
    ...common,
    url: databaseUrl,
    instanceId: randomUUID(),
    deployment: { brokerId: key.brokerId, publicKeyHex: key.publicKeyHex },
    ...(options.acceptConnections === undefined ? {} : { acceptConnections: options.acceptConnections }),
  });
}
