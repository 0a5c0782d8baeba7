import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkLinkModel } from "../store-suite-link-model.fixture.ts";
import { storeAt } from "./open-store.fixture.ts";

// What a power failure keeps is not looked at here.
const pragmas = "PRAGMA synchronous = OFF;";

test("whatever daemons with one member's keys do in whatever order, each link may do what its mesh's policy says", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-links-"));
  const path = join(folder, "broker.db");
  let store = storeAt(path, { pragmas });
  t.after(async () => {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await store.start();
  await checkLinkModel(
    async () => ({
      stores: () => [store],
      async died() {
        await store.stop();
        store = storeAt(path, { pragmas });
        await store.start();
      },
    }),
    40,
  );
});
