import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal } from "../protocol/refusal.fixture.ts";
import { type FingerprintEnvelope, fingerprintVectors } from "../protocol/vectors.fixture.ts";
import { type FingerprintedEnvelope, localFingerprint, wireFingerprint } from "./fingerprints.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { metaFromText } from "./json-profile.ts";

const meshId = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12";
const written = ({ meta_text: meta, body, ...rest }: FingerprintEnvelope): FingerprintedEnvelope => ({
  ...rest,
  meta: meta ?? null,
  body: Buffer.from(body ?? "", "base64url"),
});
const base: FingerprintedEnvelope = { mesh_id: meshId, kind: "topic", ref: "builds" };

test("every envelope of the corpus has its fingerprint in both versions, or is refused with its code", () => {
  for (const { name, envelope, v1, v2 } of fingerprintVectors.cases)
    assert.deepEqual(
      [1, 2].map((version) => wireFingerprint(version, written(envelope))),
      [v1, v2],
      name,
    );
  for (const { name, envelope, error } of fingerprintVectors.refused)
    for (const version of [1, 2])
      assert.equal(
        refusal(() => wireFingerprint(version, written(envelope))),
        error,
        name,
      );
});

test("the local fingerprint of every request of the corpus is that of version 2 over the request as written", () => {
  for (const { name, envelope, local } of fingerprintVectors.cases) {
    const { mesh_id, ref, reply_to, priority, meta_text: meta, mentions, content_type, body } = envelope;
    const message = {
      to: ref,
      body: Buffer.from(body ?? "", "base64url"),
      content_type: content_type ?? "text/plain; charset=utf-8",
      meta: meta === undefined || meta === null || meta === "" ? null : metaFromText(meta),
      ...(reply_to === undefined || reply_to === null ? {} : { reply_to }),
      ...(priority === undefined || priority === null ? {} : { priority }),
      ...(mentions === undefined || mentions === null ? {} : { mentions }),
    };
    assert.equal(localFingerprint(message, mesh_id), local, name);
  }
});

test("absent, null and the default are one fingerprint, and mentions count in any order", () => {
  const plain = wireFingerprint(2, base);
  const defaults = { reply_to: null, priority: null, meta: null, mentions: null, content_type: null, body: null };
  const spelled = {
    reply_to: "",
    priority: "next",
    meta: {},
    mentions: [],
    content_type: "text/plain; charset=utf-8",
    body: new Uint8Array(),
  } as const;
  for (const more of [defaults, spelled, { meta: "" }, { meta: "{ }" }])
    assert.equal(wireFingerprint(2, { ...base, ...more }), plain);
  assert.equal(
    wireFingerprint(2, { ...base, mentions: ["b", "a", "b"] }),
    wireFingerprint(2, { ...base, mentions: ["a", "b"] }),
  );
});

test("two texts that would be hashed as one are refused: control characters and lone surrogates in every field", () => {
  for (const [text, code] of [
    ["a\u0000", "control_character"],
    ["a\u001f", "control_character"],
    ["a\ud800", "lone_surrogate"],
  ] as const) {
    const fields = [{ mesh_id: text }, { ref: text }, { reply_to: text }, { content_type: text }, { mentions: [text] }];
    for (const field of fields)
      for (const version of [1, 2])
        assert.equal(
          refusal(() => wireFingerprint(version, { ...base, ...field })),
          code,
          Object.keys(field)[0],
        );
    for (const field of [{ to: text }, { reply_to: text }, { content_type: text }, { mentions: [text] }])
      assert.equal(
        refusal(() => localFingerprint({ to: "@bob", message: "", ...field }, meshId)),
        code,
        Object.keys(field)[0],
      );
  }
  assert.equal(
    refusal(() => localFingerprint({ to: "@bob", message: "a\ud800" }, meshId)),
    "lone_surrogate",
  );
});

test("a version or a request that is none is refused", () => {
  assert.equal(
    refusal(() => wireFingerprint(9, base)),
    "invalid_envelope",
  );
  const refused: readonly [OutgoingMessage, string][] = [
    [{ to: "@bob" }, "missing_field"],
    [{ to: "@bob", message: "", body: new Uint8Array() }, "invalid_field"],
    [{ to: "@bob", body: "AA==" }, "invalid_field"],
    [{ to: "@bob", message: "", attachments: [{ file_id: "0".repeat(64) }] }, "missing_field"],
  ];
  for (const [message, code] of refused)
    assert.equal(
      refusal(() => localFingerprint(message, meshId)),
      code,
    );
});
