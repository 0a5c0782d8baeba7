import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answerFeatures, everyFeature, maxAgeHours, offerFeatures } from "./features.ts";

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

test("a feature is known by its own name alone, not by what every object has", () => {
  const names = ["constructor", "__proto__", "toString"];
  const asked = JSON.parse(`{${names.map((name) => `"${name}":{"versions":[1]}`).join(",")}}`) as Record<
    string,
    { versions: number[] }
  >;
  assert.deepEqual(answerFeatures({ require: asked, optional: asked }, { f: { 1: {} } }), {
    supported: {},
    missing_required: names,
  });
  assert.deepEqual(Object.keys(offerFeatures(names).require).slice(-3).sort(), [...names].sort());
});

test("what is held is told in the offer of the dedupe feature alone, and only where something is", () => {
  const { require, optional } = offerFeatures([], { ...everyFeature(), key_epoch: [] }, ["sha256-jcs-v1"]);
  assert.deepEqual(require["client_message_id_dedupe"], { versions: [1, 2], holds: ["sha256-jcs-v1"] });
  assert.deepEqual(Object.values({ ...require, ...optional }).filter((offer) => "holds" in offer).length, 1);
  assert.equal("holds" in (offerFeatures().require["client_message_id_dedupe"] ?? {}), false);
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
