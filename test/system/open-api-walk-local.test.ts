import { test } from "node:test";
import { walkPair } from "../support/api-walk/local-pair.ts";
import { openWalk } from "../support/api-walk/walk.ts";

const walk = openWalk("local-api");

test("two members of one broker", async (t) => {
  await walkPair(t, walk);
});

test("nothing is described that was not seen", () => walk.finish());
