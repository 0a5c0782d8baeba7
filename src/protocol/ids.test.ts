import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  callerId,
  checkClientMessageId,
  checkWireId,
  isMemberId,
  isUuidV7,
  isWireId,
  newUuidV7,
  wireId,
} from "./ids.ts";
import { refusal, resultOrRefusal } from "./refusal.fixture.ts";

const alice = "a1".repeat(32);
const bob = "b2".repeat(32);
const minted = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12";

const visibleId = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 96,
});

test("a caller's id has 1 to 96 visible ASCII characters; spaces, controls and other scripts are refused", () => {
  for (const id of ["a", "~", "!", "build-42", "x".repeat(96), minted, `${"0".repeat(16)}:x`]) {
    assert.equal(checkClientMessageId(id), id);
  }
  for (const id of ["", "x".repeat(97), "a b", " a", "a\n", "a\u0000", "\u007f", "ö", "😂", "a\u00a0"]) {
    assert.equal(
      refusal(() => checkClientMessageId(id)),
      "invalid_id",
      JSON.stringify(id),
    );
  }
});

test("every visible id goes to the wire under its sender's prefix and comes back as it was", () => {
  fc.assert(
    fc.property(visibleId, (id) => {
      const wire = wireId(alice, id);
      assert.equal(wire, `a1a1a1a1a1a1a1a1:${id}`);
      assert.ok(isWireId(wire));
      assert.equal(checkWireId(alice, wire), wire);
      assert.equal(callerId(alice, wire), id);
    }),
  );
});

test("two members' equal ids never meet on the wire, and neither may use the other's", () => {
  const wire = wireId(alice, "build-42");
  assert.notEqual(wire, wireId(bob, "build-42"));
  assert.equal(
    refusal(() => checkWireId(bob, wire)),
    "invalid_id",
  );
  assert.equal(callerId(bob, wire), wire, "another's id is shown in its wire form");
});

test("a minted id travels as it is, and every member may use one", () => {
  assert.equal(wireId(alice, minted, { minted: true }), minted);
  assert.equal(callerId(alice, minted), minted);
  assert.equal(checkWireId(bob, minted), minted);
});

test("a caller's id that looks minted still travels under the prefix, so nobody can take a minted one", () => {
  assert.equal(wireId(alice, minted), `a1a1a1a1a1a1a1a1:${minted}`);
});

test("the broker refuses every other form of an id", () => {
  const forms = [
    "",
    "build-42",
    ":",
    "a1a1a1a1a1a1a1a1:",
    `a1a1a1a1a1a1a1a1:${"x".repeat(97)}`,
    "a1a1a1a1a1a1a1a1:a b",
  ];
  forms.push("A1A1A1A1A1A1A1A1:x", "a1a1a1a1a1a1a1a:x", minted.toUpperCase(), `${minted}x`, `${minted}\n`);
  for (const wire of forms) {
    assert.equal(
      refusal(() => checkWireId(alice, wire)),
      "invalid_id",
      wire,
    );
    assert.equal(isWireId(wire), false, wire);
  }
});

test("a wire id that its sender may use has the shape of a wire id, and no text throws anything else", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    visibleId.map((id) => wireId(alice, id)),
    fc.string().map((id) => `a1a1a1a1a1a1a1a1:${id}`),
  );
  fc.assert(
    fc.property(text, (wire) => {
      if (resultOrRefusal(() => checkWireId(alice, wire)) === wire) assert.ok(isWireId(wire));
      else assert.ok(!isWireId(wire) || !wire.startsWith("a1a1a1a1a1a1a1a1:"));
    }),
  );
});

test("a member_id is 64 lower-case hexadecimal characters and nothing else", () => {
  assert.ok(isMemberId(alice));
  for (const text of [
    "",
    alice.slice(1),
    `${alice}0`,
    alice.toUpperCase(),
    `${alice.slice(1)}g`,
    `${alice}\n`,
    `\n${alice}`,
  ]) {
    assert.equal(isMemberId(text), false, text);
  }
});

test("a UUIDv7 has its version, its variant and lower case", () => {
  assert.ok(isUuidV7(minted));
  for (const text of [
    minted.toUpperCase(),
    minted.replace("-7d3a", "-4d3a"),
    minted.replace("-9f10", "-cf10"),
    minted.replaceAll("-", ""),
    `{${minted}}`,
    ` ${minted}`,
    `${minted}\n`,
    "",
  ]) {
    assert.equal(isUuidV7(text), false, text);
  }
});

test("a new UUIDv7 carries its millisecond, sorts by it, and takes the rest from the random source", () => {
  const fill = (byte: number) => (bytes: Uint8Array) => void bytes.fill(byte);
  assert.equal(newUuidV7(0x0190a6b28c4e, fill(0)), "0190a6b2-8c4e-7000-8000-000000000000");
  assert.equal(newUuidV7(0x0190a6b28c4e, fill(0xff)), "0190a6b2-8c4e-7fff-bfff-ffffffffffff");
  fc.assert(
    fc.property(fc.nat(2 ** 45), fc.nat(2 ** 45), (one, other) => {
      const [first, second] = [newUuidV7(one, fill(0x5a)), newUuidV7(other, fill(0xa5))];
      assert.ok(isUuidV7(first) && isUuidV7(second));
      if (one !== other) assert.equal(first < second, one < other);
    }),
  );
});

test("UUIDv7s of one millisecond differ, beyond the pool of random bytes too", () => {
  const ids = new Set(Array.from({ length: 2_000 }, () => newUuidV7(1)));
  assert.equal(ids.size, 2_000);
});
