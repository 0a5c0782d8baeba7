import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultPriority, defaultTextType } from "./envelope.ts";
import {
  bodyHash,
  fingerprintPrefix,
  fingerprintVersions,
  highestFingerprint,
  wantedFingerprint,
  localFingerprint,
  requestFingerprintName,
  requestFingerprintVersion,
  wireFingerprint,
} from "./fingerprint.ts";
import { canonicalMentions, type FingerprintParts, sortedUnique } from "./fingerprint-parts.ts";
import { parseJson } from "./json-parse.ts";
import { limits } from "./limits.ts";
import { canonicalMeta } from "./meta.ts";
import { refusal } from "./refusal.fixture.ts";
import { type FingerprintCase, type FingerprintEnvelope, fingerprintVectors } from "./vectors.fixture.ts";

const { cases, groups, refused } = fingerprintVectors;

test("both versions, the local fingerprint and what they are made of are those of the corpus", () => {
  assert.ok(cases.length >= 100);
  for (const vector of cases) {
    const parts = partsOf(vector.envelope);
    assert.equal(parts.meta, vector.canonical_meta, vector.name);
    assert.equal(canonicalMentions(parts.mentions), vector.canonical_mentions, vector.name);
    assert.equal(Buffer.from(parts.bodyHash).toString("hex"), vector.body_sha256, vector.name);
    assert.equal(wireFingerprint(1, parts).toString("hex"), vector.v1, vector.name);
    assert.equal(wireFingerprint(2, parts).toString("hex"), vector.v2, vector.name);
    assert.equal(localFingerprint(parts).toString("hex"), vector.local, vector.name);
  }
});

test("requests that mean the same share a fingerprint, and no others do", () => {
  for (const { about, cases: names, same_v1, same_v2 } of groups) {
    const parts = names.map((name) => partsOf(caseNamed(name).envelope));
    const distinct = (version: number) =>
      new Set(parts.map((each) => wireFingerprint(version, each).toString("hex"))).size;
    if (same_v1 !== null) assert.equal(distinct(1), same_v1 ? 1 : names.length, `${about}: version 1`);
    if (same_v2 !== null) assert.equal(distinct(2), same_v2 ? 1 : names.length, `${about}: version 2`);
  }
});

test("a request of the corpus that has no fingerprint is refused with its code, also locally", () => {
  for (const { name, envelope, error } of refused) {
    for (const version of [1, 2])
      assert.equal(
        refusal(() => wireFingerprint(version, partsOf(envelope))),
        error,
        name,
      );
    assert.equal(
      refusal(() => localFingerprint(partsOf(envelope))),
      error,
      name,
    );
  }
});

test("each of the 32 control characters is refused in every text, and no other character is", () => {
  const base = partsOf(caseNamed("base").envelope);
  const fields = ["meshId", "ref", "replyTo", "meta", "contentType"] as const;
  for (let code = 0; code < 0x20; code += 1) {
    const text = `a${String.fromCharCode(code)}b`;
    for (const field of fields) {
      assert.equal(
        refusal(() => wireFingerprint(1, { ...base, [field]: text })),
        "control_character",
        field,
      );
      assert.equal(
        refusal(() => localFingerprint({ ...base, [field]: text })),
        "control_character",
        field,
      );
    }
    assert.equal(
      refusal(() => localFingerprint({ ...base, mentions: ["x", text] })),
      "control_character",
    );
  }
  for (const text of [" ", "\u007f", "\u0080", "\u2028", "😂"]) wireFingerprint(2, { ...base, ref: text });
});

const partsArbitrary: fc.Arbitrary<FingerprintParts> = fc.record({
  meshId: visible(),
  kind: fc.constantFrom("dm", "topic", "queue"),
  ref: visible(),
  replyTo: visible(),
  priority: fc.constantFrom("now", "next", "low"),
  meta: visible(),
  mentions: fc.uniqueArray(visible(), { maxLength: 3 }).map((items) => items.sort()),
  contentType: visible(),
  bodyHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});

test("version 2 tells apart any two requests that differ, version 1 any two that differ in what it covers", () => {
  fc.assert(
    fc.property(partsArbitrary, partsArbitrary, (one, other) => {
      const equal = (version: number) => wireFingerprint(version, one).equals(wireFingerprint(version, other));
      assert.equal(equal(2), covered(one, true) === covered(other, true));
      assert.equal(equal(1), covered(one, false) === covered(other, false));
    }),
    { numRuns: 2_000 },
  );
});

test("moving a text's end into the next field changes both versions", () => {
  const movable = ["ref", "replyTo", "priority", "meta"] as const;
  fc.assert(
    fc.property(partsArbitrary, fc.nat(2), fc.nat(8), (parts, index, count) => {
      const [from = "ref", to = "replyTo"] = movable.slice(index, index + 2);
      // By whole characters: half of one has no bytes.
      const characters = [...parts[from]];
      const end = characters.splice(Math.max(0, characters.length - count)).join("");
      const moved = { ...parts, [from]: characters.join(""), [to]: end + parts[to] };
      const same = parts[from].length === 0 || count === 0;
      for (const version of [1, 2]) {
        assert.equal(wireFingerprint(version, parts).equals(wireFingerprint(version, moved)), same);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("the local fingerprint of a request is never a wire fingerprint of the same parts", () => {
  fc.assert(
    fc.property(partsArbitrary, (parts) => {
      assert.notDeepEqual(localFingerprint(parts), wireFingerprint(2, parts));
    }),
  );
});

test("the versions have the names that feature negotiation lists, and an unknown one is refused", () => {
  assert.deepEqual(
    [...fingerprintVersions],
    [
      [1, "sha256-jcs-v1"],
      [2, "sha256-jcs-v2"],
    ],
  );
  for (const version of [0, 3, 1.5, Number.NaN, -1]) {
    assert.equal(
      refusal(() => wireFingerprint(version, partsOf(caseNamed("base").envelope))),
      "invalid_envelope",
    );
  }
});

test("the prefix shows the first 8 bytes, also of a view into a larger buffer", () => {
  const large = Buffer.from("00112233445566778899aabbccddeeff".repeat(4), "hex");
  assert.equal(fingerprintPrefix(large.subarray(16, 48)), "0011223344556677");
  assert.equal(fingerprintPrefix(large.subarray(4, 36)), "445566778899aabb");
});

function partsOf(envelope: FingerprintEnvelope): FingerprintParts {
  const { meta_text: meta = "" } = envelope;
  return {
    meshId: envelope.mesh_id,
    kind: envelope.kind,
    ref: envelope.ref,
    replyTo: envelope.reply_to ?? "",
    priority: envelope.priority ?? defaultPriority,
    meta: meta === "" || meta === null ? "" : canonicalMeta(parseJson(meta, { depthMax: limits.metaDepthMax })),
    mentions: sortedUnique(envelope.mentions ?? []),
    contentType: envelope.content_type ?? defaultTextType,
    bodyHash: bodyHash(Buffer.from(envelope.body ?? "", "base64url")),
  };
}

function caseNamed(name: string): FingerprintCase {
  const found = cases.find((vector) => vector.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

function covered(parts: FingerprintParts, everything: boolean): string {
  const { meshId, mentions, contentType, bodyHash: hash, ...rest } = parts;
  return JSON.stringify([
    [rest.kind, rest.ref, rest.replyTo, rest.priority, rest.meta, [...hash]],
    everything ? [meshId, mentions, contentType] : [],
  ]);
}

/** Short texts over few characters, so that near misses are common. */
function visible(): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom("a", "b", "0", "\u007f", "ö", "😂", ",", '"'), maxLength: 3 });
}

test("of the names that a broker lists the highest known one is taken, in whatever order they come", () => {
  assert.equal(highestFingerprint(["sha256-jcs-v1", "sha256-jcs-v2"]), 2);
  assert.equal(highestFingerprint(["sha256-jcs-v9", 7, null, "sha256-jcs-v1"]), 1);
  assert.equal(highestFingerprint(["__proto__", "sha256-jcs-v9"]), null);
  assert.equal(fingerprintVersions.get(requestFingerprintVersion), requestFingerprintName);
});

for (const [what, names, held, wanted] of [
  ["the highest is first", ["sha256-jcs-v2", "sha256-jcs-v1"], [], 2],
  ["the lowest is first, as of brokers before versions were held", ["sha256-jcs-v1", "sha256-jcs-v2"], [], 2],
  ["the highest is there for what is held alone", ["sha256-jcs-v1", "sha256-jcs-v2"], ["sha256-jcs-v2"], 1],
  ["the highest is offered, and held too", ["sha256-jcs-v2", "sha256-jcs-v1"], ["sha256-jcs-v2", "sha256-jcs-v1"], 2],
  ["the lowest is first and held", ["sha256-jcs-v1", "sha256-jcs-v2"], ["sha256-jcs-v1"], 2],
  ["the first is unknown", ["sha256-jcs-v9", 7, "sha256-jcs-v2", "sha256-jcs-v1"], ["sha256-jcs-v2"], 2],
  ["the only known one is held", ["sha256-jcs-v9", "sha256-jcs-v1"], ["sha256-jcs-v1"], 1],
  ["none is known", ["__proto__", "sha256-jcs-v9"], ["sha256-jcs-v9"], null],
] as const)
  test(`of the names that a broker lists new messages are sealed under the highest that it offers: ${what}`, () => {
    assert.equal(wantedFingerprint(names, held), wanted);
  });
