import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkEpochRecord, checkEpochWrap, type EpochRecord, epochRecordHolds, signEpochRecord } from "./epoch.ts";
import { aliceKey } from "./envelope.fixture.ts";
import { ClaudemeshError } from "./error.ts";
import { limits } from "./limits.ts";
import { refusalError, resultOrRefusal } from "./refusal.fixture.ts";
import { privateKeyFromSeed, publicKeyFromHex, publicKeyHexOf } from "./signing.ts";

const publicKey = publicKeyFromHex(publicKeyHexOf(aliceKey));
const record = signEpochRecord(
  {
    mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12",
    destination: "topic:0190a6b2-9999-7abc-8def-0123456789ab",
    name: "ops",
    epoch_id: "e1".repeat(32),
    parent: "e0".repeat(32),
    depth: 3,
    created_by: "a1".repeat(32),
    key_id: "a2".repeat(32),
    membership_head: "f6".repeat(32),
    history: "all",
    at: "2026-01-02T03:04:05.678Z",
  },
  aliceKey,
);
const first: EpochRecord = { ...record, parent: null, depth: 0 };
const ofQueue: EpochRecord = { ...record, destination: "queue:ops" };

test("a record survives the wire, and what nobody signed is dropped", () => {
  for (const some of [record, first, ofQueue, { ...record, history: "joined" as const }])
    assert.deepEqual(checkEpochRecord(JSON.parse(JSON.stringify({ ...some, unknown: 1 }))), some);
});

test("a record holds for its maker's key alone, and with any field changed it does not", () => {
  assert.ok(epochRecordHolds(record, publicKey));
  const other = publicKeyFromHex(publicKeyHexOf(privateKeyFromSeed(Buffer.alloc(32, 9))));
  assert.ok(!epochRecordHolds(record, other));
  const changes: Omit<EpochRecord, "signature"> = {
    mesh_id: "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13",
    destination: "queue:ops",
    name: "ops2",
    epoch_id: "e2".repeat(32),
    parent: null,
    depth: 4,
    created_by: "a3".repeat(32),
    key_id: "a3".repeat(32),
    membership_head: "f7".repeat(32),
    history: "joined",
    at: "2026-01-02T03:04:05.679Z",
  };
  for (const [field, value] of Object.entries(changes))
    assert.ok(!epochRecordHolds({ ...record, [field]: value }, publicKey), field);
  assert.ok(!epochRecordHolds({ ...record, signature: `${record.signature}=` }, publicKey));
});

test("each field of a record in another form is refused by name", () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    mesh_id: ["local", null],
    destination: [
      "ops",
      "topic:ops",
      "queue:other",
      "queue:",
      "dm:ops",
      "topic:0190A6B2-9999-7abc-8def-0123456789ab",
      null,
    ],
    name: ["Ops", "#ops", "", "x".repeat(65), null],
    epoch_id: ["E1".repeat(32), "e1", null],
    parent: ["E0".repeat(32), "", 1, undefined],
    depth: [-1, 1.5, "3", null, 0, limits.epochDepthMax + 1],
    created_by: ["alice", null],
    key_id: ["api:x", null],
    membership_head: ["", null],
    history: ["none", "ALL", null],
    at: ["2026-01-02", 5, null],
    signature: ["", `${record.signature}==`, null],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of values) {
      const error = refusalError(() => checkEpochRecord({ ...record, [field]: value }));
      assert.deepEqual([error.code, error.details], ["invalid_field", { field }], `${field} ${JSON.stringify(value)}`);
    }
  assert.equal(refusalError(() => checkEpochRecord({ ...first, depth: 1 })).code, "invalid_field");
  for (const value of [undefined, null, 1, "x", []])
    assert.equal(refusalError(() => checkEpochRecord(value)).code, "invalid_field");
});

test("a wrap names its epoch, its member and that member's key, and has the bytes of one key", () => {
  const wrap = {
    epoch_id: "e1".repeat(32),
    member_id: "b2".repeat(32),
    sealed_to: "d4".repeat(32),
    sealed: Buffer.alloc(80, 1).toString("base64url"),
  };
  assert.deepEqual(checkEpochWrap({ ...wrap, unknown: 1 }), wrap);
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    epoch_id: ["e1", null],
    member_id: ["bob", null],
    sealed_to: ["", null],
    sealed: [
      Buffer.alloc(79).toString("base64url"),
      Buffer.alloc(81).toString("base64url"),
      `${wrap.sealed}=`,
      "",
      null,
    ],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      assert.deepEqual(refusalError(() => checkEpochWrap({ ...wrap, [field]: value })).details, { field });
});

test("no JSON value makes a reader throw anything but the typed error", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(record)), (value, field) => {
      resultOrRefusal(() => checkEpochWrap(value));
      const read = resultOrRefusal(() => checkEpochRecord({ ...record, [field]: value }));
      if (!(read instanceof ClaudemeshError)) assert.deepEqual(read, { ...record, [field]: value });
    }),
    { numRuns: 500 },
  );
});
