import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyFollower } from "./key-follower.ts";

function heldKeyring() {
  const readings: PromiseWithResolvers<void>[] = [];
  let begun = Promise.withResolvers<void>();
  const follow = (): Promise<void> => {
    const reading = Promise.withResolvers<void>();
    readings.push(reading);
    begun.resolve();
    begun = Promise.withResolvers<void>();
    return reading.promise;
  };
  return { readings, begun: () => begun.promise, told: createKeyFollower({ follow }, async () => ({})) };
}

test("however many words of keys come while keys are read, one more reading answers them", async () => {
  const { readings, begun, told } = heldKeyring();
  const [one, first] = [begun(), told()];
  await one;
  const later = Array.from({ length: 100 }, told);
  const two = begun();
  readings[0]?.resolve();
  await Promise.all([first, two]);
  readings[1]?.resolve();
  await Promise.all(later);
  assert.equal(readings.length, 2);
  const three = begun();
  void told();
  await three;
  assert.equal(readings.length, 3, "a word after them is looked at anew");
});

test("a reading that fails is told to whom it answers, and keeps nothing from the next", async () => {
  const { readings, begun, told } = heldKeyring();
  const [one, first] = [begun(), told()];
  await one;
  const [two, second] = [begun(), told()];
  readings[0]?.reject(new Error("the link closed"));
  await assert.rejects(first, /the link closed/);
  await two;
  readings[1]?.resolve();
  await second;
});
