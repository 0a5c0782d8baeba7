import assert from "node:assert/strict";
import { test } from "node:test";
import { plural } from "./plural.ts";

test("a noun is told once as it is, and several times in its plural", () => {
  const told = ["message", "delivery", "former key"].flatMap((noun) => [plural(1, noun), plural(2, noun)]);
  assert.deepEqual(told, ["1 message", "2 messages", "1 delivery", "2 deliveries", "1 former key", "2 former keys"]);
});
