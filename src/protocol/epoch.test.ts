import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  type EpochRecord,
  type EpochWrap,
  epochRecordHolds,
  readEpochRecord,
  readEpochWrap,
  signEpochRecord,
} from "./epoch.ts";
import { newUuidV7 } from "./ids.ts";
import { limits } from "./limits.ts";
import { person } from "./membership/chain.fixture.ts";
import { refusal } from "./refusal.fixture.ts";
import { rfc3339 } from "./time.ts";

const nowMs = Date.parse("2026-05-01T12:00:00.000Z");
const alice = person("alice");
const hex = () => randomBytes(32).toString("hex");

function record(change: Partial<EpochRecord> = {}, key = alice.key): EpochRecord {
  return signEpochRecord(
    {
      mesh_id: newUuidV7(nowMs),
      destination: "queue:jobs",
      name: "jobs",
      epoch_id: hex(),
      parent: hex(),
      depth: 3,
      created_by: alice.by,
      key_id: alice.keyId,
      membership_head: hex(),
      history: "all",
      at: rfc3339(nowMs),
      ...change,
    },
    key,
  );
}

function refused(value: unknown, about: string): void {
  assert.equal(
    refusal(() => readEpochRecord(value)),
    "invalid_field",
    about,
  );
}

test("a record is read to what it is, holds by its maker's signature, and drops what it does not know", () => {
  const topic = `topic:${newUuidV7(nowMs)}`;
  for (const said of [
    record(),
    record({ parent: null, depth: 0 }),
    record({ destination: topic, history: "joined" }),
  ]) {
    const read = readEpochRecord(JSON.parse(JSON.stringify({ ...said, later: { more: 1 } })));
    assert.deepEqual(read, said);
    assert.ok(epochRecordHolds(read));
  }
});

test("a record of which any field is another does not hold, nor under another's key", () => {
  const said = record();
  const other = record({ destination: "queue:other", name: "other", depth: 4, history: "joined", at: rfc3339(1) });
  for (const field of Object.keys(said) as (keyof EpochRecord)[]) {
    const value = field === "created_by" || field === "key_id" ? person("mallory").keyId : other[field];
    assert.equal(epochRecordHolds({ ...said, [field]: value } as EpochRecord), false, field);
  }
  assert.equal(epochRecordHolds({ ...said, parent: null }), false, "no parent");
  assert.equal(epochRecordHolds(record({}, person("mallory").key)), false, "signed by another");
  assert.equal(epochRecordHolds({ ...said, key_id: "ff".repeat(32) }), false, "no point of the curve");
});

test("fields that move from one to the next are other bytes", () => {
  const said = record({ destination: "queue:ab", name: "ab" });
  const moved = { ...said, destination: "queue:a", name: "bab" };
  assert.equal(epochRecordHolds(moved), false);
});

test("a record without its form is refused: missing fields, other types, numbers out of bounds, names that differ", () => {
  const said = record();
  for (const value of [null, undefined, 1, "x", [], [said], {}]) refused(value, JSON.stringify(value));
  for (const field of Object.keys(said)) {
    const { [field as keyof EpochRecord]: _, ...rest } = said;
    refused(rest, `without ${field}`);
    for (const value of [undefined, true, 7.5, {}, [], "", "\u0000", "x".repeat(10_000), Number.MAX_SAFE_INTEGER])
      refused({ ...said, [field]: value }, `${field} is ${String(value).slice(0, 20)}`);
  }
  const wrong: readonly Partial<Record<keyof EpochRecord, unknown>>[] = [
    { destination: "queue:other" },
    { destination: "#jobs" },
    { destination: "topic:jobs" },
    { destination: `topic:${hex()}` },
    { destination: "queue:Jobs", name: "Jobs" },
    { destination: "queue:../x", name: "../x" },
    { depth: 0 },
    { depth: -1 },
    { depth: limits.epochsMax },
    { parent: null },
    { parent: "" },
    { history: "none" },
    { epoch_id: hex().toUpperCase() },
    { epoch_id: hex().slice(2) },
    { at: "2026-05-01" },
    { mesh_id: "00000000-0000-4000-8000-000000000000" },
    { signature: `${"A".repeat(85)}B` },
  ];
  for (const change of wrong) refused({ ...said, ...change }, JSON.stringify(change));
});

test("a wrap is read to what it is; another size or spelling of the sealed key is refused", () => {
  const wrap: EpochWrap = {
    epoch_id: hex(),
    member_id: hex(),
    sealed_to: hex(),
    sealed: randomBytes(80).toString("base64url"),
  };
  assert.deepEqual(readEpochWrap(JSON.parse(JSON.stringify({ ...wrap, later: 1 }))), wrap);
  const wrong: readonly unknown[] = [
    null,
    [],
    "wrap",
    ...Object.keys(wrap).map((field) => ({ ...wrap, [field]: undefined })),
    ...Object.keys(wrap).map((field) => ({ ...wrap, [field]: 7 })),
    ...["epoch_id", "member_id", "sealed_to"].map((field) => ({
      ...wrap,
      [field]: hex().toUpperCase().replace(/^./, "A"),
    })),
    ...[79, 81, 0, 1_000].map((bytes) => ({ ...wrap, sealed: randomBytes(bytes).toString("base64url") })),
    { ...wrap, sealed: `${wrap.sealed.slice(0, -1)}_` },
    { ...wrap, sealed: `${wrap.sealed}=` },
    { ...wrap, sealed: wrap.sealed.replace(/./, "+") },
  ];
  for (const value of wrong)
    assert.equal(
      refusal(() => readEpochWrap(value)),
      "invalid_field",
      JSON.stringify(value),
    );
});

test("whatever comes, it is read or refused with the typed error", () => {
  const said = record();
  const field = fc.constantFrom(...Object.keys(said));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.tuple(field, fc.jsonValue()).map(([name, value]) => ({ ...said, [name]: value })),
      ),
      (value) => {
        try {
          readEpochRecord(value);
        } catch {
          refused(value, JSON.stringify(value));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
