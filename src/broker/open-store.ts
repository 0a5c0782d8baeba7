import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { DeploymentKey } from "./deployment-key.ts";
import type { DedupeSetting } from "./link/link-parts.ts";
import { createPostgresStore } from "./store/postgres/postgres-store.ts";
import { createSqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { BrokerStore } from "./store/store.ts";

export interface StoreChoice {
  readonly dataDir: string;
  /** null: the embedded store in the data directory. */
  readonly databaseUrl: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly dedupe: DedupeSetting;
  readonly messageRetentionDays: number;
  readonly pragmas?: string | undefined;
}

const embeddedName = "broker.db";
/** Says, without any address or password, that this broker's messages are in a database server. */
const recordName = "store.json";

/** Whether this data directory has served a broker before: then its key must be there. */
export function wasUsed(dataDir: string): boolean {
  return existsSync(join(dataDir, embeddedName)) || usesDatabase(dataDir);
}

/** Whether this directory's broker has its messages in a database server. */
export function usesDatabase(dataDir: string): boolean {
  return existsSync(join(dataDir, recordName));
}

/** One store is never silently exchanged for another: members would find an empty broker under a known key. Throws invalid_config. */
export function checkStoreChoice(dataDir: string, databaseUrl: string | null): void {
  const recorded = usesDatabase(dataDir);
  if (recorded && databaseUrl === null)
    throw new ClaudemeshError(
      "invalid_config",
      "this broker's messages are in PostgreSQL, and DATABASE_URL is not set",
      {
        hint: "set DATABASE_URL, REDIS_URL and CLAUDEMESH_DEPLOYMENT_DIR as its service or container does, then: claudemesh broker",
      },
    );
  if (databaseUrl !== null && !recorded && existsSync(join(dataDir, embeddedName)))
    throw new ClaudemeshError(
      "invalid_config",
      "this broker has its messages in its own directory; with DATABASE_URL it would leave them behind",
      { hint: "unset DATABASE_URL, or give the broker over PostgreSQL a home of its own with CLAUDEMESH_HOME" },
    );
}

/** Opens the store that a broker of this directory works on, of a choice that was checked. */
export async function openStore(choice: StoreChoice, key: DeploymentKey): Promise<BrokerStore> {
  const { dataDir, databaseUrl, clock, log, dedupe, messageRetentionDays, pragmas } = choice;
  const common = { clock, log, positionSecret: key.positionSecret, dedupe };
  const store =
    databaseUrl === null
      ? createSqliteStore({
          ...common,
          path: join(dataDir, embeddedName),
          messageRetentionDays,
          ...(pragmas === undefined ? {} : { pragmas }),
        })
      : createPostgresStore({ ...common, url: databaseUrl, deployment: key, instanceId: randomUUID() });
  await store.start();
  if (databaseUrl !== null && !usesDatabase(dataDir))
    writeFileAtomic(join(dataDir, recordName), `${JSON.stringify({ schema_version: 1, store: "postgres" })}\n`, 0o600);
  return store;
}
