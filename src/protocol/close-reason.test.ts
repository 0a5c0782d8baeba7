import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CloseKind, closeCodes, closeReasonBytesMax } from "./close-codes.ts";
import { closeFrame, closeReason, readCloseFrame, readCloseReason } from "./close-reason.ts";
import { closeReasonCases } from "./vectors.fixture.ts";
import { parseBrokerFrame, parseDaemonFrame } from "./frame-check.ts";

const bytes = (text: string): number => Buffer.byteLength(text);
const kinds = Object.keys(closeCodes) as CloseKind[];
/** Every code unit may stand anywhere, lone surrogates included. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0xd800, 0xdc00, 0x22, 0x5c, 0, 0x7f)), {
    maxLength: 200,
  })
  .map((units) => String.fromCharCode(...units));
const text = fc.oneof(anyText, fc.string({ unit: "grapheme", maxLength: 300 }), fc.string({ maxLength: 300 }));

/** The rule as it is written: one code point less at a time, of the detail first, then of the feature, then of the kind. */
function byOneLess(kind: string, feature: string | null, detail: string): string {
  const parts = { kind: [...kind], feature: feature === null ? null : [...feature], detail: [...detail] };
  for (;;) {
    const written = JSON.stringify({
      kind: parts.kind.join(""),
      ...(parts.feature === null ? {} : { feature: parts.feature.join("") }),
      detail: parts.detail.join(""),
    });
    if (bytes(written) <= closeReasonBytesMax) return written;
    if (parts.detail.length > 0) parts.detail.pop();
    else if (parts.feature !== null && parts.feature.length > 0) parts.feature.pop();
    else parts.kind.pop();
  }
}

test("a close reason is JSON of at most 123 bytes whatever it has to say, as long as that allows", () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...kinds), text), fc.option(text), text, (kind, feature, detail) => {
      const reason = closeReason({ kind, feature, detail });
      assert.ok(bytes(reason) <= closeReasonBytesMax, reason);
      const read = JSON.parse(reason) as Record<string, string>;
      assert.deepEqual(Object.keys(read), feature === null ? ["kind", "detail"] : ["kind", "feature", "detail"]);
      assert.equal(reason, byOneLess(kind, feature, detail));
    }),
    { numRuns: 500 },
  );
});

for (const [name, cause, reason] of [
  ["what fits stands whole", { kind: "kicked", detail: "a" }, '{"kind":"kicked","detail":"a"}'],
  [
    "the detail gives way first",
    { kind: "feature_param_invalid", feature: "client_message_id_dedupe", detail: "d".repeat(200) },
    `{"kind":"feature_param_invalid","feature":"client_message_id_dedupe","detail":"${"d".repeat(42)}"}`,
  ],
  [
    "a code point of four bytes goes whole",
    { kind: "feature_param_invalid", feature: "client_message_id_dedupe", detail: `${"d".repeat(41)}😀` },
    `{"kind":"feature_param_invalid","feature":"client_message_id_dedupe","detail":"${"d".repeat(41)}"}`,
  ],
  [
    "a lone surrogate is one code point, written as its escape",
    { kind: "protocol_error", detail: `${"d".repeat(80)}\ud83d` },
    `{"kind":"protocol_error","detail":"${"d".repeat(80)}\\ud83d"}`,
  ],
  [
    "a feature that is too long leaves no detail, also where a byte is left",
    { kind: "feature_unavailable", feature: `x${"ü".repeat(70)}`, detail: "d" },
    `{"kind":"feature_unavailable","feature":"x${"ü".repeat(33)}","detail":""}`,
  ],
] as const) {
  test(`close reasons: ${name}`, () => {
    assert.ok(bytes(reason) <= closeReasonBytesMax);
    assert.equal(closeReason(cause), reason);
  });
}

for (const { name, reason, ...cause } of closeReasonCases) {
  test(`close reasons of the vectors: ${name}`, () => assert.equal(closeReason(cause), reason));
}

test("the error frame has all of it for every kind, is taken by both sides, and its words are read back", () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.option(text, { nil: undefined }), text, (kind, feature, detail) => {
      const frame = closeFrame({ kind, detail, ...(feature === undefined ? {} : { feature }), facts: { until: "t" } });
      const wire = JSON.stringify(frame);
      for (const parse of [parseBrokerFrame, parseDaemonFrame]) assert.deepEqual(parse(wire), JSON.parse(wire));
      assert.deepEqual(frame.details, { until: "t", kind, ...(feature === undefined ? {} : { feature }), detail });
      assert.deepEqual(readCloseFrame(frame, kind), { kind, feature: feature ?? null, detail });
    }),
  );
  const long = closeFrame({ kind: "protocol_error", detail: `${"x".repeat(4_095)}😀` });
  assert.equal(parseBrokerFrame(JSON.stringify(long)).type, "error");
  assert.equal(long.message, "x".repeat(4_095));
});

test("an error frame speaks for the close that follows only if it is of its kind", () => {
  const frame = closeFrame({ kind: "slow_consumer", detail: "d" });
  assert.equal(readCloseFrame(frame, "kicked"), null);
  assert.equal(readCloseFrame(frame, null), null);
  assert.equal(readCloseFrame(null, "kicked"), null);
});

test("what a peer gives as its reason is read as far as it can be, whatever it is", () => {
  const nothing = { kind: null, feature: null, detail: null };
  for (const [reason, words] of [
    ["", nothing],
    ["going away", { ...nothing, detail: "going away" }],
    ["[1]", { ...nothing, detail: "[1]" }],
    ["null", { ...nothing, detail: "null" }],
    ["{}", nothing],
    ['{"kind":5,"feature":{},"detail":[]}', nothing],
    [
      '{"kind":"kicked","detail":"until then","__proto__":{"feature":"x"}}',
      { ...nothing, kind: "kicked", detail: "until then" },
    ],
    [`{"detail":"${"x".repeat(900)}"}`, { ...nothing, detail: "x".repeat(500) }],
  ] as const)
    assert.deepEqual(readCloseReason(reason), words, reason);
  fc.assert(
    fc.property(fc.oneof(text, fc.json()), (reason) => {
      for (const told of Object.values(readCloseReason(reason))) assert.ok(told === null || typeof told === "string");
    }),
  );
});
