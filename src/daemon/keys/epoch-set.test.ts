import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { EpochRecord } from "../../protocol/epoch.ts";
import { EpochSet } from "./epoch-set.ts";
import { noTopicKeys } from "./topic-keys-file.ts";

const maker = "a".repeat(64);
const late = "b".repeat(64);

/** Epochs that follow each other, the first of them another one; each is put into the set. */
function line(set: EpochSet, after: EpochRecord | null, count: number, history: "all" | "joined" = "all") {
  const made: EpochRecord[] = [];
  for (let at = 0; at < count; at += 1) {
    const parent = made.at(-1) ?? after;
    const record: EpochRecord = {
      mesh_id: "0198f0a0-0000-7000-8000-000000000001",
      destination: "queue:jobs",
      name: "jobs",
      epoch_id: randomBytes(32).toString("hex"),
      parent: parent?.epoch_id ?? null,
      depth: parent === null ? 0 : parent.depth + 1,
      created_by: maker,
      key_id: maker,
      membership_head: maker,
      history,
      at: "2026-01-01T00:00:00.000Z",
      signature: "",
    };
    set.put({ record, keySeq: 1, key: null });
    made.push(record);
  }
  return made;
}

function forLate(set: EpochSet, record: EpochRecord | undefined): boolean {
  assert.ok(record !== undefined);
  return set.isForLateComer({ record, keySeq: 1, key: null }, late);
}

test("who comes later is given what lies beside the line that was gone on with, unless that line or its own says no", () => {
  const set = new EpochSet(noTopicKeys);
  const main = line(set, null, 6);
  const beside = line(set, main[1] ?? null, 3);
  const closed = line(set, main[1] ?? null, 2, "joined");
  const after = line(set, closed[1] ?? null, 1);
  for (const record of [...main, ...beside]) assert.equal(forLate(set, record), true);
  for (const record of [...closed, ...after]) assert.equal(forLate(set, record), false);
  line(set, main[5] ?? null, 1, "joined");
  for (const record of [...main, ...beside]) assert.equal(forLate(set, record), false);
});

test("a member that makes epochs as deep as there may be beside the line stalls nobody that wraps for late comers", () => {
  const set = new EpochSet(noTopicKeys);
  const main = line(set, null, 10_001);
  const beside = line(set, main[0] ?? null, 10_000);
  assert.equal(forLate(set, beside.at(-1)), true);
});
