import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedAfterwards } from "./shared-afterwards.ts";

function scene() {
  const seen: string[] = [];
  const note = (what: string) => async () => void seen.push(what);
  const shared = sharedAfterwards({ sent: note("sent"), lost: note("lost") }, () => void seen.push("forgotten"));
  return { seen, shared };
}

test("what one call has brought is not taken back by another that is given up, and is sent once", async () => {
  const { seen, shared } = scene();
  const [one, other, third] = [shared.use(), shared.use(), shared.use()];
  await one.lost();
  await other.sent();
  await third.sent();
  await shared.use().lost();
  assert.deepEqual(seen, ["sent"]);
});

test("when all calls with the key were given up, the answer is forgotten and what it held put back", async () => {
  const { seen, shared } = scene();
  const [one, other] = [shared.use(), shared.use()];
  await one.lost();
  await other.lost();
  assert.deepEqual(seen, ["forgotten", "lost"]);
});
