import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ComparedIdentity, safetyNumber } from "./safety-number.ts";

const mesh = { meshId: "01969c3c-1c00-7000-8000-000000000001", origin: "0".repeat(64) };
const alice: ComparedIdentity = { memberId: "a1".repeat(32), ed25519: "a2".repeat(32), x25519: "a3".repeat(32) };
const bob: ComparedIdentity = { memberId: "b1".repeat(32), ed25519: "b2".repeat(32), x25519: "b3".repeat(32) };
const runs = { numRuns: 20 };
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const identity = fc.record({ memberId: id, ed25519: id, x25519: id });

test("both sides read the same sixty digits in twelve groups of five", () => {
  fc.assert(
    fc.property(identity, identity, (one, other) => {
      const number = safetyNumber(mesh, one, other);
      assert.match(number, /^\d{5}(?: \d{5}){11}$/);
      assert.equal(safetyNumber(mesh, other, one), number);
    }),
    runs,
  );
});

test("the digits are others for another key, member, mesh or beginning of its chain, by a single bit of either side", () => {
  const number = safetyNumber(mesh, alice, bob);
  fc.assert(
    fc.property(
      fc.constantFrom("memberId", "ed25519", "x25519"),
      fc.nat({ max: 255 }),
      fc.boolean(),
      (field, bit, first) => {
        const [kept, other] = first ? [bob, alice] : [alice, bob];
        const bytes = Buffer.from(other[field], "hex");
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        assert.notEqual(safetyNumber(mesh, kept, { ...other, [field]: bytes.toString("hex") }), number);
      },
    ),
    runs,
  );
  assert.notEqual(safetyNumber({ ...mesh, origin: `${"0".repeat(63)}1` }, alice, bob), number);
  assert.notEqual(safetyNumber({ ...mesh, meshId: mesh.meshId.replace(/1$/, "2") }, alice, bob), number);
});

test("a key in the place of another gives other digits: each stands under its own name", () => {
  const swapped = { ...alice, ed25519: alice.x25519, x25519: alice.ed25519 };
  assert.notEqual(safetyNumber(mesh, swapped, bob), safetyNumber(mesh, alice, bob));
  const crossed = [
    { ...alice, x25519: bob.x25519 },
    { ...bob, x25519: alice.x25519 },
  ] as const;
  assert.notEqual(safetyNumber(mesh, ...crossed), safetyNumber(mesh, alice, bob));
});

test("the half of each side stands for it alone, so that one half that differs says whose keys do", () => {
  const halves = (one: ComparedIdentity, other: ComparedIdentity) => {
    const groups = safetyNumber(mesh, one, other).split(" ");
    return [groups.slice(0, 6).join(" "), groups.slice(6).join(" ")];
  };
  const carol = { ...bob, memberId: "c1".repeat(32) };
  const shared = halves(alice, bob).filter((half) => halves(alice, carol).includes(half));
  assert.equal(shared.length, 1);
});
