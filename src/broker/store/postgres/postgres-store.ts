import { fileURLToPath } from "node:url";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { BrokerStore } from "../store.ts";
import { accept, lookUp, voidIds } from "./accept.ts";
import { openCore, type PostgresStoreOptions, type StoreCore } from "./core.ts";
import { claimDeployment } from "./deployment.ts";
import { beginIncarnation, checkPosition, logState } from "./epochs.ts";
import { migrate } from "./migrate.ts";
import { storeError } from "./sqlstate.ts";

const migrationsFolder = fileURLToPath(new URL("../../../../migrations/broker/postgres", import.meta.url));

/**
 * The store at scale: one PostgreSQL (15 or newer) that any number of brokers share. Everything that a method returns is
 * committed with fsync, whatever the server's defaults are. Connections are made when they are needed and again after the
 * server was away; meanwhile calls fail with store_unavailable, and what was asked is asked again.
 */
export function createPostgresStore(options: PostgresStoreOptions): BrokerStore {
  let core: StoreCore | null = null;

  /** Turns a query over the open store into a method of the interface. */
  function method<A extends readonly unknown[], R>(
    query: (core: StoreCore, ...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      if (core === null) throw new ClaudemeshError("store_unavailable", "the store is not open");
      try {
        return await query(core, ...args);
      } catch (thrown) {
        throw storeError(thrown, "read");
      }
    };
  }

  return {
    async start() {
      if (core !== null) return;
      await migrate({ ...options, folder: migrationsFolder });
      const opened = await openCore(options);
      try {
        await claimDeployment(opened);
        await beginIncarnation(opened);
      } catch (thrown) {
        await opened.connections.close();
        throw storeError(thrown, "commit");
      }
      core = opened;
    },
    async stop() {
      const open = core;
      core = null;
      await open?.connections.close();
    },
    ping: method(async (open) => void (await open.rows("SELECT count(*) FROM mesh.schema_migration"))),
    lookUp: method(lookUp),
    accept: method(accept),
    voidIds: method(voidIds),
    log: method(logState),
    checkPosition: method(checkPosition),
  } as BrokerStore;
}
