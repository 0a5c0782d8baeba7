import { test } from "node:test";
import { sharedPostgres } from "../../testing/postgres-server.ts";
import { checkAgainstModel } from "../store-model.fixture.ts";
import { postgresStoreAt } from "./open-store.fixture.ts";

const server = sharedPostgres();

test("whatever happens in whatever order, the PostgreSQL store answers and owes exactly what the model does", async () => {
  const url = await (await server()).createDatabase();
  await checkAgainstModel(async () => {
    let store = postgresStoreAt(url);
    await store.start();
    return {
      store,
      async reopen() {
        await store.stop();
        store = postgresStoreAt(url);
        await store.start();
        return store;
      },
      close: () => store.stop(),
    };
  }, 12);
});
