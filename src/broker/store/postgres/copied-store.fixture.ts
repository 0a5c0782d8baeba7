import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, serverOwner, serverPrograms, startPostgres } from "../../testing/postgres-server.ts";
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
  const copies = mkdtempSync(join(tmpdir(), "cm-postgres-copies-"));
  const owner = serverOwner();
  if (owner !== null) chownSync(copies, owner.uid, owner.gid);
  const url = server.url();
  let store = postgresStoreAt(url);
  let running = true;
  t.after(async () => {
    await store.stop();
    await server.remove();
    rmSync(copies, { recursive: true, force: true });
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

  /** Puts the copy in the place of the stopped server's folder. */
  async function putBack(name: string): Promise<void> {
    rmSync(server.dataDir, { recursive: true });
    await ran("cp", ["-a", join(copies, name), server.dataDir]);
  }

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
    async copy(name) {
      const target = join(copies, name);
      rmSync(target, { recursive: true, force: true });
      if (!running) return ran("cp", ["-a", server.dataDir, target]);
      const from = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"];
      await ran(join(serverPrograms(), "pg_basebackup"), [...from, "-D", target, "-c", "fast", "--no-sync"]);
    },
    async restore(name) {
      await stop();
      await putBack(name);
      await start();
    },
    async replace(name) {
      await server.stop("immediate");
      await putBack(name);
      await server.start();
    },
  };
};

async function ran(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { ...serverOwner(), cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${said}`);
}
