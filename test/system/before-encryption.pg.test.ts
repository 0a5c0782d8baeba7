import { test } from "node:test";
import { startPostgres } from "../../src/broker/testing/postgres-server.ts";
import { oldHomes } from "../support/before-encryption/homes.ts";
import { sealOldMesh } from "../support/before-encryption/sealed-later.ts";
import { onEnd } from "../support/on-end.ts";

test("over PostgreSQL a mesh from before encryption is sealed in the same way", async (t) => {
  // Its own server: a shared one's databases hold this version's schema from the start.
  const postgres = await startPostgres();
  onEnd(t, () => postgres.remove());
  await sealOldMesh(await oldHomes(t, await postgres.createDatabase()));
});
