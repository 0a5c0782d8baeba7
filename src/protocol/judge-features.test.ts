import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { featureSchema, featureSchemas, requiredProblem } from "./feature-schemas.ts";
import { answerFeatures, everyFeature, offerFeatures } from "./features.ts";
import { checkAck } from "./judge-features.ts";
import { answerWith, negotiationCases, windowV1, windowV2 } from "./negotiation-matrix.fixture.ts";

const dedupe = "client_message_id_dedupe";
const offerOf = (versions: readonly number[], holds: readonly string[] = []) =>
  offerFeatures([], { ...everyFeature(), [dedupe]: versions }, holds);

for (const { what, daemon, answer, verdict } of negotiationCases)
  test(`an answer to the features is judged: ${what}`, () => {
    const judged = checkAck(offerOf(daemon), answer);
    if (!judged.ok) return assert.equal(`${judged.kind} ${judged.feature}`, verdict);
    const ignored = judged.ignored.length === 0 ? "" : ` ignores ${judged.ignored.join()}`;
    assert.equal(`ok ${judged.params[dedupe]?.version}${ignored}`, verdict);
  });

test("what is invalid and optional leaves no trace in what holds, and what is unknown passes through", () => {
  const judged = checkAck(
    offerOf([2]),
    answerWith(
      { ...windowV2, tombstone_history_pruned_window_days: -1, extra: { a: 1 } },
      {
        concurrent_connection_policy: { params: { version: 1, default_policy: {} } },
        key_epoch: { params: { version: 1 } },
        max_payload: { params: { version: 1, inline_bytes: 2_000, blob_bytes: 2_000 } },
        unasked: { params: { version: 1 } },
      },
    ),
  );
  assert.deepEqual(judged, {
    ok: true,
    params: {
      [dedupe]: { ...windowV2, extra: { a: 1 } },
      concurrent_connection_policy: { version: 1, default_policy: "prefer_newest" },
      max_payload: { version: 1, inline_bytes: 2_000, blob_bytes: 2_000 },
    },
    ignored: [
      `${dedupe}.tombstone_history_pruned_window_days`,
      "concurrent_connection_policy.default_policy",
      "key_epoch",
    ],
  });
});

test("required features are judged in the order of the offer: the first that fails is told, with what is wrong", () => {
  const asked = {
    require: { max_payload: { versions: [1] }, [dedupe]: { versions: [2] }, of_tomorrow: { versions: [1] } },
    optional: {},
  };
  const failed = (supported: Readonly<Record<string, unknown>>) => {
    const judged = checkAck(asked, { supported, missing_required: [] });
    return judged.ok ? "ok" : `${judged.kind} ${judged.feature}: ${judged.detail}`;
  };
  const good = { max_payload: { params: { version: 1, inline_bytes: 1_024, blob_bytes: 1_024 } } };
  assert.equal(failed({}), "feature_unavailable max_payload: the broker does not have it in version 1");
  assert.equal(
    failed({ ...good, [dedupe]: { params: { ...windowV2, mode: "x".repeat(200) } } }),
    `feature_param_invalid ${dedupe}: mode must be one of retention_scoped, permanent, and is "${"x".repeat(40)}"`,
  );
  assert.equal(
    failed({ ...good, [dedupe]: { params: windowV2 } }),
    "feature_unavailable of_tomorrow: the broker does not have it in version 1",
  );
  assert.equal(
    failed({ ...good, [dedupe]: { params: windowV2 }, of_tomorrow: { params: { version: 1 } } }),
    "feature_param_invalid of_tomorrow: version 1 is unknown here",
  );
});

test("an optional dedupe window below the floor is left out; the floor itself may be another", () => {
  const asked = { require: {}, optional: { [dedupe]: { versions: [1] } } };
  const told = answerWith({ ...windowV1, dedupe_retention_days: 5 }, {});
  assert.deepEqual(checkAck(asked, told, 6), { ok: true, params: {}, ignored: [dedupe] });
  const { ok } = checkAck({ require: asked.optional, optional: {} }, told, 5);
  assert.equal(ok, true);
});

for (const [what, answer, expected] of [
  ["it is in the list", windowV2, "ok"],
  ["it is not", { ...windowV2, fingerprint_versions: ["sha256-jcs-v2"] }, "feature_param_invalid"],
  ["version 1 of the feature means it", windowV1, "ok"],
  [
    "two days as well: the schema and what is held are first",
    { ...windowV2, dedupe_retention_days: 2, fingerprint_versions: ["sha256-jcs-v2"] },
    "feature_param_invalid",
  ],
] as const)
  test(`rows are held under sha256-jcs-v1, and ${what}`, () => {
    const judged = checkAck(offerOf([1, 2], ["sha256-jcs-v1"]), answerWith(answer), 3, new Map([["sha256-jcs-v1", 7]]));
    assert.equal(judged.ok ? "ok" : judged.kind, expected);
    if (!judged.ok) assert.match(judged.detail, /sha256-jcs-v1.* 7 rows/);
  });

test("rows that are held under sha256-jcs-v2 are not for a broker that knows version 1 of the feature alone", () => {
  const judged = checkAck(
    offerOf([1, 2], ["sha256-jcs-v2"]),
    answerWith({ ...windowV1, fingerprint_versions: ["sha256-jcs-v2"] }),
  );
  assert.equal(judged.ok ? "ok" : judged.kind, "feature_param_invalid");
});

/** Anything that JSON can say, with names and values that mean something here, and names that every object has. */
const names = fc.constantFrom(
  dedupe,
  "max_payload",
  "key_epoch",
  "concurrent_connection_policy",
  "__proto__",
  "constructor",
);
const words = fc.constantFrom(
  "supported",
  "missing_required",
  "params",
  "version",
  "mode",
  "permanent",
  "sha256-jcs-v1",
);
const junk = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>(null, true, 0, 1, 2, 3, -1, 1.5, 2 ** 53, "", "x".repeat(300)),
    words,
    names,
    fc.jsonValue(),
    fc.array(tie("value"), { maxLength: 70 }),
    fc.dictionary(fc.oneof(names, words), tie("value"), { maxKeys: 8, noNullPrototype: true }),
  ),
})).value;

/** A right answer, of which single parts are replaced by junk. */
const damaged = fc
  .tuple(
    fc.constantFrom(windowV1, windowV2),
    fc.array(fc.tuple(fc.nat({ max: 3 }), fc.oneof(names, words), junk), { maxLength: 3 }),
  )
  .map(([window, damages]) => {
    const whole = JSON.parse(JSON.stringify(answerWith({ ...window }))) as Record<string, Record<string, unknown>>;
    for (const [depth, name, value] of damages) {
      let at: Record<string, unknown> = whole;
      for (const step of ["supported", dedupe, "params"].slice(0, depth)) {
        const next = Object.hasOwn(at, step) ? at[step] : undefined;
        if (typeof next === "object" && next !== null) at = next as Record<string, unknown>;
      }
      Object.defineProperty(at, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return whole as unknown;
  });

test("no answer, however malformed, crashes the judgement or passes silently: what is accepted satisfies schema and floor", () => {
  const asked = offerOf([1, 2]);
  fc.assert(
    fc.property(
      fc.oneof(
        damaged,
        junk,
        junk.map((value) => answerWith(value)),
      ),
      (answer) => {
        // Over the wire first, so that nothing is said that JSON cannot say.
        const judged = checkAck(asked, JSON.parse(JSON.stringify(answer) ?? "null"));
        if (!judged.ok) return assert.match(judged.kind, /^feature_(unavailable|param_invalid|param_below_floor)$/);
        for (const [name, offer] of Object.entries(asked.require)) {
          const params = judged.params[name];
          assert.ok(params !== undefined && offer.versions.includes(params.version), name);
          const schema = featureSchema(name, params.version);
          assert.ok(schema !== null && requiredProblem(schema, params) === null);
          const days = params["dedupe_retention_days"];
          if (params["mode"] === "retention_scoped") assert.ok(typeof days === "number" && days >= 3);
        }
        for (const name of Object.keys(judged.params)) assert.ok(name in asked.require || name in asked.optional, name);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("what a broker announces of all that it knows is taken by a daemon of any of the versions, at the highest both know", () => {
  const own = {
    [dedupe]: { 1: windowV1, 2: windowV2 },
    concurrent_connection_policy: { 1: {} },
    member_keypair_rotated_event: { 1: {} },
    key_epoch: { 1: { max_concurrent_epochs: 1 } },
    max_payload: { 1: { inline_bytes: 1_024, blob_bytes: 1_024 } },
  };
  assert.deepEqual(Object.keys(own).sort(), Object.keys(featureSchemas).sort());
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }), (versions) => {
      const asked = offerOf(versions);
      const judged = checkAck(asked, answerFeatures(asked, own));
      const common = versions.filter((version) => version <= 2);
      assert.equal(judged.ok, common.length > 0);
      if (judged.ok) assert.equal(judged.params[dedupe]?.version, Math.max(...common));
      else assert.deepEqual([judged.kind, judged.feature], ["feature_unavailable", dedupe]);
    }),
  );
});
