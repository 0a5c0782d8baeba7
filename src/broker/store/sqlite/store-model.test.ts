import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkAgainstModel } from "../store-model.fixture.ts";
import { storeAt } from "./open-store.fixture.ts";

test("whatever happens in whatever order, the store answers and owes exactly what the model does", async () => {
  await checkAgainstModel(async () => {
    const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
    const path = join(folder, "broker.db");
    let store = storeAt(path);
    await store.start();
    return {
      store,
      async reopen() {
        await store.stop();
        store = storeAt(path);
        await store.start();
        return store;
      },
      async close() {
        await store.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }, 100);
});
