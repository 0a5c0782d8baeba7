import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ClaudemeshError } from "../error.ts";
import { newUuidV7 } from "../ids.ts";
import { refusal, resultOrRefusal } from "../refusal.fixture.ts";
import { rfc3339 } from "../time.ts";
import { applyEntry } from "./apply-entry.ts";
import { fullChain, nowMs, person, signingKeys, testChain } from "./chain.fixture.ts";
import { nextEntry, verifyChain } from "./chain.ts";
import { entryHash, entryText, type MembershipEntry, signEntry } from "./entry.ts";
import { readEntry } from "./read-entry.ts";
import type { MembershipState } from "./state.ts";

const full = fullChain();
const { entries, meshId, people } = full;
const place = fc.nat({ max: entries.length - 1 });
const runs = { numRuns: 400 };

function verify(list: readonly MembershipEntry[]): MembershipState {
  return verifyChain(list, meshId);
}

function refusedChain(list: readonly MembershipEntry[]): string {
  return refusal(() => verify(list));
}

test("a chain with every kind of entry is verified to the state that its makers had, and each beginning of it too", () => {
  assert.equal(new Set(entries.map(({ kind }) => kind)).size, 13);
  assert.deepEqual(verify(entries), full.state);
  for (const [index, entry] of entries.entries()) {
    const { n, head, places } = verify(entries.slice(0, index + 1));
    assert.equal(n, index);
    assert.equal(head, entryHash(entryText(entry)));
    assert.equal(places.get(head), index);
    assert.equal(places.size, index + 1);
  }
});

test("no chain is no state, and a chain is one mesh's alone", () => {
  assert.equal(refusedChain([]), "mesh_unsealed");
  assert.equal(
    refusal(() => verifyChain(entries, newUuidV7(nowMs))),
    "membership_invalid",
  );
});

test("a chain from which an entry was dropped, or in which one stands twice or two changed places, is refused", () => {
  for (let at = 0; at < entries.length; at += 1) {
    const entry = entries.slice(at, at + 1);
    const without = entries.toSpliced(at, 1);
    if (at < entries.length - 1) assert.equal(refusedChain(without), "membership_invalid", `${at} dropped`);
    for (let to = 0; to <= entries.length; to += 1)
      assert.equal(refusedChain(entries.toSpliced(to, 0, ...entry)), "membership_invalid", `${at} again at ${to}`);
    for (let to = 0; to < entries.length; to += 1) {
      if (to === at) continue;
      assert.equal(refusedChain(without.toSpliced(to, 0, ...entry)), "membership_invalid", `${at} moved to ${to}`);
    }
  }
});

test("a chain of which any byte is another is not read, or refused: nothing but the typed error is thrown", () => {
  const texts = entries.map(entryText);
  const change = fc.tuple(
    place,
    fc.nat(),
    fc.constantFrom("replace", "insert", "delete"),
    fc.integer({ min: 1, max: 127 }),
  );
  fc.assert(
    fc.property(change, ([at, where, how, code]) => {
      const text = texts[at] ?? "";
      const index = where % text.length;
      const character = how === "delete" ? "" : String.fromCharCode(code);
      const changed = text.slice(0, index) + character + text.slice(how === "insert" ? index : index + 1);
      const read = readText(changed);
      if (read === null) return;
      // White space, and a sign before a zero, change the text and not what it says.
      fc.pre(entryText(read) !== text);
      refusedChain(entries.toSpliced(at, 1, read));
    }),
    { numRuns: 5_000 },
  );
});

/** null: the text is no entry. */
function readText(text: string): MembershipEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const read: MembershipEntry | ClaudemeshError = resultOrRefusal(() => readEntry(value));
  return read instanceof Error ? null : read;
}

test("an entry of which another signature, key or maker is given breaks the chain, whoever signed it", () => {
  const outsider = person("outsider");
  const who = fc.constantFrom(...people, outsider);
  fc.assert(
    fc.property(place, who, who, who, (at, signer, key, maker) => {
      const entry = entries[at];
      assert.ok(entry !== undefined);
      const said = signEntry({ ...entry, by: maker.by, key_id: key.keyId }, signer.key);
      fc.pre(entryText(said) !== entryText(entry));
      // At the end it may be one that this maker may say in its own name. Anywhere else, what follows does not fit.
      if (at < entries.length - 1) refusedChain(entries.toSpliced(at, 1, said));
      else if (signer !== key || key.by !== maker.by) refusedChain(entries.toSpliced(at, 1, said));
    }),
    runs,
  );
});

test("an entry that its own maker wrote anew at its place does not fit what follows", () => {
  for (const [at, entry] of entries.entries()) {
    if (at === entries.length - 1) continue;
    const maker = people.find(({ keyId }) => keyId === entry.key_id);
    if (maker === undefined) continue;
    const anew = signEntry({ ...entry, at: rfc3339(nowMs + 1) }, maker.key);
    verify(entries.slice(0, at).concat(anew));
    assert.equal(refusedChain(entries.toSpliced(at, 1, anew)), "membership_invalid");
  }
});

test("signatures of other entries fit nowhere else", () => {
  fc.assert(
    fc.property(place, place, (at, from) => {
      const entry = entries[at];
      const other = entries[from];
      assert.ok(entry !== undefined && other !== undefined);
      fc.pre(at !== from);
      assert.equal(
        refusedChain(entries.toSpliced(at, 1, { ...entry, signature: other.signature })),
        "membership_invalid",
      );
    }),
    runs,
  );
});

test("of two chains that part at a head no mixture is a chain", () => {
  const base = testChain();
  const anna = base.admit("anna", "admin");
  const state = () => verifyChain(base.entries, base.meshId);
  const branch = (name: string) => {
    const at = state();
    return Array.from({ length: 4 }, (_, step) => {
      const destination = `#${name}-${step}`;
      const maker = step % 2 === 0 ? base.owner : anna;
      const entry = nextEntry(at, { kind: "policy", destination, unsealed: true }, maker, rfc3339(nowMs));
      applyEntry(at, entry);
      return entry;
    });
  };
  const [left, right] = [branch("left"), branch("right")];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 3 })), { minLength: 1, maxLength: 8 }), (picks) => {
      const mixed = picks.map(([first, at]) => (first ? left : right)[at]).filter((entry) => entry !== undefined);
      const first = picks.every(([side]) => side === picks[0]?.[0]);
      const inOrder = picks.every(([, at], index) => at === index);
      const said = resultOrRefusal(() => verifyChain([...base.entries, ...mixed], base.meshId));
      assert.equal(said instanceof Error, !(first && inOrder));
    }),
    { numRuns: 1_000 },
  );
});

test("nobody outside makes an entry that a chain takes, whatever it says", () => {
  const { keyId, key } = signingKeys();
  const said = fc.constantFrom(...entries.filter(({ kind }) => kind !== "create"));
  fc.assert(
    fc.property(said, fc.constantFrom(...people), fc.boolean(), (content, as, ownKey) => {
      const state = verify(entries);
      const before = structuredClone(state);
      const { signature: _, ...unsigned } = content;
      const placed = {
        ...unsigned,
        n: state.n + 1,
        previous: state.head,
        by: as.by,
        key_id: ownKey ? keyId : as.keyId,
      };
      refusal(() => applyEntry(state, signEntry(placed, key)));
      assert.deepEqual(state, before);
    }),
    runs,
  );
});
