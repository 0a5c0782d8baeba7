import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyFollower } from "./key-follower.ts";

function heldKeyring() {
  const readings: PromiseWithResolvers<void>[] = [];
  const follow = (): Promise<void> => {
    const reading = Promise.withResolvers<void>();
    readings.push(reading);
    return reading.promise;
  };
  return { readings, told: createKeyFollower({ follow }, async () => ({})) };
}

test("however many words of keys come while keys are read, one more reading answers them", async () => {
  const { readings, told } = heldKeyring();
  const first = told();
  await Promise.resolve();
  assert.equal(readings.length, 1);
  const later = Array.from({ length: 100 }, told);
  readings[0]?.resolve();
  await first;
  assert.equal(readings.length, 2);
  readings[1]?.resolve();
  await Promise.all(later);
  assert.equal(readings.length, 2);
  void told();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(readings.length, 3, "a word after them is looked at anew");
});

test("a reading that fails is told to whom it answers, and keeps nothing from the next", async () => {
  const { readings, told } = heldKeyring();
  const first = told();
  await Promise.resolve();
  const second = told();
  readings[0]?.reject(new Error("the link closed"));
  await assert.rejects(first, /the link closed/);
  readings[1]?.resolve();
  await second;
});
