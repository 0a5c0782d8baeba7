import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { meshId, type OpenCopied } from "../restored-copy.fixture.ts";
import { storeAt } from "./open-store.fixture.ts";

/** The folder of the database file is what is copied, also under an open store that writes nothing meanwhile. */
export const openCopiedSqlite: OpenCopied = async (t) => {
  const base = mkdtempSync(join(tmpdir(), "cm-store-"));
  const folder = join(base, "live");
  mkdirSync(folder);
  let store = storeAt(join(folder, "broker.db"));
  t.after(async () => {
    await store.stop();
    rmSync(base, { recursive: true, force: true });
  });
  const start = async (): Promise<void> => {
    store = storeAt(join(folder, "broker.db"));
    await store.start();
  };
  await start();
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
    async copy(name) {
      rmSync(join(base, name), { recursive: true, force: true });
      cpSync(folder, join(base, name), { recursive: true });
    },
    async restore(name) {
      await store.stop();
      rmSync(folder, { recursive: true });
      cpSync(join(base, name), folder, { recursive: true });
      await start();
    },
  };
};
