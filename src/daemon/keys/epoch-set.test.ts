import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { EpochSet } from "./epoch-set.ts";
import type { KnownEpoch } from "./topic-keys-file.ts";

const id = (n: number): string => n.toString(16).padStart(64, "0");

function epoch(n: number, change: Partial<EpochRecord> = {}): KnownEpoch {
  const record: EpochRecord = {
    mesh_id: "m",
    destination: "queue:jobs",
    name: "jobs",
    epoch_id: id(n),
    parent: null,
    depth: 0,
    created_by: "a".repeat(64),
    key_id: "a".repeat(64),
    membership_head: id(0),
    history: "all",
    at: "2026-01-01T00:00:00.000Z",
    signature: "",
    ...change,
  };
  return { record, keySeq: n, key: null };
}

test("whatever the order of arrival, a destination is sealed to the deepest of its epochs, of several to the lowest id", () => {
  const line = [epoch(9), epoch(8, { parent: id(9), depth: 1 }), epoch(3, { parent: id(9), depth: 1 })];
  const deeper = [epoch(7, { parent: id(8), depth: 2 }), epoch(5, { parent: id(3), depth: 2 })];
  fc.assert(
    fc.property(fc.shuffledSubarray(line, { minLength: 3 }), fc.shuffledSubarray(deeper, { minLength: 2 }), (a, b) => {
      const epochs = new EpochSet({ epochs: [], departures: [] });
      for (const one of a) epochs.put(one);
      assert.equal(epochs.tip({ destination: "queue:jobs", name: "jobs" })?.record.epoch_id, id(3));
      for (const one of b) epochs.put(one);
      assert.equal(epochs.tip({ destination: "queue:jobs", name: "jobs" })?.record.epoch_id, id(5));
      assert.equal(
        new EpochSet(epochs.kept()).tip({ destination: "queue:jobs", name: "jobs" })?.record.epoch_id,
        id(5),
        "as it was kept",
      );
    }),
  );
});

test("a key that is known stays known, and is the destination's own", () => {
  const key = Buffer.alloc(32, 1);
  const epochs = new EpochSet({ epochs: [{ ...epoch(1), key }], departures: [] });
  epochs.put(epoch(1));
  epochs.put(epoch(2, { destination: "queue:other", name: "other" }));
  assert.deepEqual(epochs.tip({ destination: "queue:jobs", name: "jobs" })?.key, key);
  assert.equal(epochs.tip({ destination: "queue:other", name: "other" })?.key, null);
});

test("who comes late gets the earlier keys where each later epoch says so; else the present one, and what was it when it came", () => {
  const late = "b".repeat(64);
  const epochs = new EpochSet({ epochs: [], departures: [] });
  const given = () =>
    [1, 2, 3, 4].filter(
      (n) => epochs.get(id(n)) !== null && epochs.isForLateComer(epochs.get(id(n)) ?? epoch(0), late),
    );
  epochs.put(epoch(1));
  epochs.put(epoch(2, { parent: id(1), depth: 1 }));
  assert.deepEqual(given(), [1, 2]);
  epochs.put(epoch(3, { parent: id(2), depth: 2, history: "joined" }));
  assert.deepEqual(given(), [3]);
  epochs.put(epoch(4, { parent: id(3), depth: 3, history: "joined", created_by: late }));
  assert.deepEqual(given(), [3, 4], "of its own epoch it gets the one before, and no more");
});

test("a departure is kept of destinations that have keys, and of no other name that a broker may make up", () => {
  const epochs = new EpochSet({ epochs: [epoch(1)], departures: [] });
  for (let n = 0; n < 100; n += 1) epochs.depart(`topic:made-up-${n}`, n);
  epochs.depart("queue:jobs", 7);
  assert.deepEqual(epochs.kept().departures, [{ destination: "queue:jobs", keySeq: 7 }]);
});
