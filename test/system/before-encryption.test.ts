import { test } from "node:test";
import { oldHomes } from "../support/before-encryption/homes.ts";
import { sealOldMesh } from "../support/before-encryption/sealed-later.ts";

test("a mesh from before encryption is sealed home by home: old messages stay readable, waiting ones go out sealed, late comers are taken in", async (t) => {
  await sealOldMesh(await oldHomes(t, null));
});
