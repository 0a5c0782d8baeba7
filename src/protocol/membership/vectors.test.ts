import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ErrorCode } from "../error-codes.ts";
import { type EpochRecord, epochRecordHolds, readEpochRecord } from "../epoch.ts";
import { refusal } from "../refusal.fixture.ts";
import { applyEntry } from "./apply-entry.ts";
import { verifyChain } from "./chain.ts";
import { entryBytes, entryHash, entryText, keyProofBytes, keyProofHolds, type MemberKeys } from "./entry.ts";
import { readEntry } from "./read-entry.ts";
import { safetyNumber } from "./safety-number.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../../../conformance/vectors/membership.json", import.meta.url), "utf8"),
) as {
  readonly mesh_id: string;
  readonly entries: readonly {
    readonly entry: unknown;
    readonly canonical: string;
    readonly signed_hex: string;
    readonly hash: string;
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly after: number;
    readonly entry: unknown;
    readonly error: ErrorCode;
  }[];
  readonly key_proof: { readonly member_id: string; readonly keys: MemberKeys; readonly signed_hex: string };
  readonly safety_numbers: readonly {
    readonly name: string;
    readonly origin: string;
    readonly identities: readonly [Identity, Identity];
    readonly digits: string;
  }[];
  readonly epoch_records: readonly { readonly signed_hex: string; readonly record: EpochRecord }[];
};

interface Identity {
  readonly member_id: string;
  readonly ed25519: string;
  readonly x25519: string;
}

const entries = vectors.entries.map(({ entry }) => readEntry(entry));

test("the chain of another implementation is this one's to the byte, and verified", () => {
  for (const [index, { canonical, signed_hex, hash }] of vectors.entries.entries()) {
    const entry = entries[index];
    assert.ok(entry !== undefined);
    assert.equal(entryText(entry), canonical);
    assert.equal(entryBytes(entry).toString("hex"), signed_hex);
    assert.equal(entryHash(canonical), hash);
  }
  const state = verifyChain(entries, vectors.mesh_id);
  assert.equal(state.head, vectors.entries.at(-1)?.hash);
  assert.deepEqual(
    [...state.members.values()].map(({ name, role, status }) => [name, role, status]),
    [
      ["olga", "owner", "active"],
      ["anna", "admin", "active"],
      ["mila", "member", "left"],
      ["gil", "member", "revoked"],
    ],
  );
});

test("what may not follow is refused, with the code that the vectors say", () => {
  assert.ok(vectors.refused.length >= 30);
  for (const { name, after, entry, error } of vectors.refused) {
    const state = verifyChain(entries.slice(0, after), vectors.mesh_id);
    assert.equal(
      refusal(() => applyEntry(state, readEntry(entry))),
      error,
      name,
    );
  }
});

test("proofs of keys, safety numbers and records of epochs are the other implementation's", () => {
  const { member_id, keys, signed_hex } = vectors.key_proof;
  assert.equal(keyProofBytes(vectors.mesh_id, member_id, keys).toString("hex"), signed_hex);
  assert.ok(keyProofHolds(vectors.mesh_id, member_id, keys));
  for (const { name, origin, identities, digits } of vectors.safety_numbers) {
    const [one, other] = identities.map(({ member_id: memberId, ed25519, x25519 }) => ({ memberId, ed25519, x25519 }));
    assert.ok(one !== undefined && other !== undefined);
    assert.equal(safetyNumber({ meshId: vectors.mesh_id, origin }, one, other), digits, name);
  }
  assert.equal(vectors.safety_numbers[0]?.digits, vectors.safety_numbers[1]?.digits);
  for (const { record } of vectors.epoch_records) {
    assert.deepEqual(readEpochRecord(record), record);
    assert.ok(epochRecordHolds(record));
  }
});
