import { postgresCopies, postgresDumps } from "../../testing/postgres-copies.ts";
import { type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { type CopiedStore, meshId, type OpenCopied } from "../restored-copy.fixture.ts";
import { postgresStoreAt } from "./open-store.fixture.ts";

/**
 * The whole cluster is what is copied: its folder when the server is stopped, by pg_basebackup while it runs. `store` is made anew
 * by a restart, as a broker's is; `server` stays.
 */
export const openCopiedPostgres = async (
  t: Parameters<OpenCopied>[0],
): Promise<CopiedStore & { readonly server: PostgresServer; replace(name: string): Promise<void> }> => {
  const server = await startPostgres();
  const copies = postgresCopies(t, server);
  const url = server.url();
  let store = postgresStoreAt(url);
  let running = true;
  t.after(async () => {
    await store.stop();
    await server.remove();
  });
  const start = async (): Promise<void> => {
    await server.start();
    running = true;
    store = postgresStoreAt(url);
    await store.start();
  };
  const stop = async (): Promise<void> => {
    await store.stop();
    await server.stop();
    running = false;
  };
  await store.start();
  await store.createMesh({ mesh_id: meshId, slug: "test", now: 1 });

  return {
    server,
    get store() {
      return store;
    },
    stop,
    async restart() {
      await stop();
      await start();
    },
    copy: (name) => copies.copy(name, running ? "running" : "stopped"),
    async restore(name) {
      await stop();
      await copies.putBack(name);
      await start();
    },
    async replace(name) {
      await server.stop("immediate");
      await copies.putBack(name);
      await server.start();
    },
  };
};

/** One database of a server that is never restarted: what tells a copy put back from what was there is the copy alone. */
export const openDumpedPostgres: OpenCopied = async (t) => {
  const server = await startPostgres();
  const dumps = postgresDumps(t, server);
  const url = await server.createDatabase();
  const database = new URL(url).pathname.slice(1);
  let store = postgresStoreAt(url);
  t.after(async () => {
    await store.stop();
    await server.remove();
  });
  const start = async (): Promise<void> => {
    store = postgresStoreAt(url);
    await store.start();
  };
  await store.start();
  await store.createMesh({ mesh_id: meshId, slug: "test", now: 1 });
  return {
    get store() {
      return store;
    },
    stop: () => store.stop(),
    async restart() {
      await store.stop();
      await start();
    },
    copy: (name) => dumps.dump(database, name),
    async restore(name) {
      await store.stop();
      await dumps.putBack(database, name);
      await start();
    },
  };
};
