import { test } from "node:test";
import { sharedPostgres } from "../../src/broker/testing/postgres-server.ts";
import { oldHomes } from "../support/before-encryption/homes.ts";
import { sealOldMesh } from "../support/before-encryption/sealed-later.ts";

const server = sharedPostgres();

test("over PostgreSQL a mesh from before encryption is sealed in the same way", async (t) => {
  await sealOldMesh(await oldHomes(t, await (await server()).createDatabase()));
});
