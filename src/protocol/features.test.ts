import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answerFeatures, checkAck, maxAgeHours, offerFeatures } from "./features.ts";

const dedupe = (params: Record<string, unknown>) => ({
  supported: {
    client_message_id_dedupe: {
      params: {
        version: 2,
        mode: "retention_scoped",
        dedupe_retention_days: 365,
        fingerprint_versions: ["sha256-jcs-v2"],
        ...params,
      },
    },
    concurrent_connection_policy: { params: { version: 1 } },
  },
  missing_required: [],
});

const verdict = (features: unknown): string => {
  const judged = checkAck(offerFeatures(), features);
  return judged.ok ? "ok" : `${judged.kind} ${judged.feature}`;
};

test("what is required by default, and what a configuration adds, is required; the rest is optional", () => {
  const { require, optional } = offerFeatures(["key_epoch", "of_tomorrow"]);
  assert.deepEqual(Object.keys(require).sort(), [
    "client_message_id_dedupe",
    "concurrent_connection_policy",
    "key_epoch",
    "of_tomorrow",
  ]);
  assert.ok("max_payload" in optional && !("key_epoch" in optional));
  assert.deepEqual(require["client_message_id_dedupe"]?.versions, [1, 2]);
});

test("the answer has the highest version that both know; what is required and missing is named, what is optional is left out", () => {
  const own = { f: { 1: { a: 1 }, 2: { a: 2 } } };
  const ask = (versions: number[]) =>
    answerFeatures({ require: { f: { versions } }, optional: { g: { versions: [1] } } }, own);
  assert.deepEqual(ask([1, 2, 3]).supported, { f: { params: { a: 2, version: 2 } } });
  assert.deepEqual(ask([1]).supported, { f: { params: { a: 1, version: 1 } } });
  assert.deepEqual(ask([3]), { supported: {}, missing_required: ["f"] });
  assert.deepEqual(
    answerFeatures({ require: { constructor: { versions: [1] } }, optional: {} }, own).missing_required,
    ["constructor"],
  );
});

for (const [what, params, expected] of [
  ["as it should be", {}, "ok"],
  ["version 1 with fingerprints", { version: 1, request_fingerprint: true }, "ok"],
  ["permanent, without days", { mode: "permanent", dedupe_retention_days: undefined }, "ok"],
  ["three days, the floor", { dedupe_retention_days: 3 }, "ok"],
  ["a further fingerprint that is not known here", { fingerprint_versions: ["sha256-jcs-v9", "sha256-jcs-v1"] }, "ok"],
  ["an extra parameter", { tombstone_history_pruned_window_days: 5, new_one: {} }, "ok"],
  ["two days", { dedupe_retention_days: 2 }, "feature_param_below_floor client_message_id_dedupe"],
  ["one day", { dedupe_retention_days: 1 }, "feature_param_below_floor client_message_id_dedupe"],
  ["no day", { dedupe_retention_days: 0 }, "feature_param_invalid client_message_id_dedupe"],
  ["half days", { dedupe_retention_days: 3.5 }, "feature_param_invalid client_message_id_dedupe"],
  ["days as text", { dedupe_retention_days: "365" }, "feature_param_invalid client_message_id_dedupe"],
  ["days missing", { dedupe_retention_days: undefined }, "feature_param_invalid client_message_id_dedupe"],
  ["an unknown mode", { mode: "for_ever" }, "feature_param_invalid client_message_id_dedupe"],
  ["a version that was not offered", { version: 3 }, "feature_param_invalid client_message_id_dedupe"],
  [
    "version 1 without fingerprints",
    { version: 1, request_fingerprint: false },
    "feature_param_invalid client_message_id_dedupe",
  ],
  ["no fingerprint at all", { fingerprint_versions: [] }, "feature_param_invalid client_message_id_dedupe"],
  [
    "only fingerprints that are not known here",
    { fingerprint_versions: ["sha256-jcs-v9"] },
    "feature_param_invalid client_message_id_dedupe",
  ],
] as const) {
  test(`an acknowledged dedupe window is judged: ${what}`, () => assert.equal(verdict(dedupe(params)), expected));
}

test("a required feature that is absent is unavailable; an optional one with bad parameters is ignored and named", () => {
  assert.equal(verdict({ supported: {}, missing_required: [] }), "feature_unavailable client_message_id_dedupe");
  const { supported } = dedupe({});
  const judged = checkAck(offerFeatures(), {
    supported: { ...supported, max_payload: { params: { version: 1, inline_bytes: 5, blob_bytes: 5_000 } } },
  });
  assert.ok(judged.ok);
  assert.deepEqual(judged.ignored, ["max_payload"]);
  assert.equal("max_payload" in judged.params, false);
});

test("nothing that a broker can answer makes the judgement fail", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (features, params) => {
      assert.match(verdict(features), /^(ok|feature_)/);
      assert.match(verdict({ supported: { client_message_id_dedupe: { params } } }), /^(ok|feature_)/);
    }),
  );
});

test("the longest age of a row lies strictly inside the dedupe window, and an override may not reach it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 40_000 }), (days) => {
      const window = { mode: "retention_scoped", dedupe_retention_days: days };
      const hours = maxAgeHours(window);
      assert.ok(hours >= 1 && hours <= days * 24 - 24);
      assert.equal(maxAgeHours(window, days * 24 - 24), days * 24 - 24);
      assert.throws(() => maxAgeHours(window, days * 24 - 23), { code: "outbox_max_age_above_dedupe_window" });
    }),
  );
  assert.equal(maxAgeHours({ mode: "permanent" }, 720), 720);
  assert.throws(() => maxAgeHours({ mode: "permanent" }, 721), { code: "outbox_max_age_above_dedupe_window" });
});
