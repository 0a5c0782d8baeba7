import { test } from "node:test";
import { sharedPostgres } from "../../testing/postgres-server.ts";
import { checkLinkModel } from "../store-suite-link-model.fixture.ts";
import { postgresStoreAt } from "./open-store.fixture.ts";

const server = sharedPostgres();

test("whatever daemons with one member's keys do at whatever broker, two brokers agree on what each link may do", async (t) => {
  const url = await (await server()).createDatabase();
  const stores = [postgresStoreAt(url), postgresStoreAt(url)];
  for (const store of stores) {
    t.after(() => store.stop());
    await store.start();
  }
  await checkLinkModel(async () => ({ stores: () => stores, died: async () => undefined }), 8);
});
