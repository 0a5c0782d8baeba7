import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concurrencyPolicies } from "../../protocol/concurrency.ts";
import { announcementProblem } from "../../protocol/feature-schemas.ts";
import { everyFeature, offerFeatures } from "../../protocol/features.ts";
import { checkAck } from "../../protocol/judge-features.ts";
import { everyFingerprint, type FingerprintPolicy } from "../accept/fingerprint-policy.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { brokerFixture } from "../testing/fixture.ts";
import { checkFeatureParams, featureAnswer } from "./feature-params.ts";

const dedupe = "client_message_id_dedupe";
const parts = {
  dedupe: { mode: "retention_scoped", retentionDays: 365 } as const,
  limits: defaultBrokerLimits,
  fingerprints: everyFingerprint,
  features: everyFeature(),
};
const policy = (offered: readonly string[], accepted: readonly string[]): FingerprintPolicy => ({
  offered: () => offered,
  accepts: (name) => accepted.includes(name),
  refresh: async () => undefined,
});
const holding = (...holds: string[]) => offerFeatures([], everyFeature(), holds);

test("everything that this broker announces is right by the shared schema, whatever it is asked and however it is set", async () => {
  const versions = fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      versions,
      versions,
      fc.integer({ min: 1, max: 36_500 }),
      fc.boolean(),
      async (asked, known, days, permanent) => {
        const set = {
          ...parts,
          dedupe: { mode: permanent ? ("permanent" as const) : ("retention_scoped" as const), retentionDays: days },
          features: { ...everyFeature(), [dedupe]: known },
        };
        checkFeatureParams(set);
        const offers = offerFeatures([], { ...everyFeature(), [dedupe]: asked });
        const { supported, missing_required: missing } = await featureAnswer(offers, set, "prefer_newest");
        for (const [name, { params }] of Object.entries(supported)) {
          assert.equal(announcementProblem(name, params.version, params), null);
          assert.ok({ ...offers.require, ...offers.optional }[name]?.versions.includes(params.version), name);
        }
        const common = asked.filter((version) => known.includes(version) && version <= 2);
        assert.deepEqual(missing, common.length === 0 ? [dedupe] : []);
        if (common.length > 0) assert.equal(supported[dedupe]?.params.version, Math.max(...common));
      },
    ),
  );
});

test("a daemon of this version takes all of the features of a broker of this version", async () => {
  const asked = offerFeatures(Object.keys(everyFeature()));
  const judged = checkAck(asked, await featureAnswer(asked, parts, "prefer_newest"));
  assert.ok(judged.ok);
  assert.deepEqual([Object.keys(judged.params).sort(), judged.ignored], [Object.keys(everyFeature()).sort(), []]);
});

test("each concurrency policy that a mesh may have is announced as it is", async () => {
  const asked = offerFeatures();
  for (const policy of concurrencyPolicies) {
    const { supported } = await featureAnswer(asked, parts, policy);
    assert.equal(supported["concurrent_connection_policy"]?.params["default_policy"], policy);
    assert.ok(checkAck(asked, { supported, missing_required: [] }).ok);
  }
});

test("fingerprint versions are told highest first, behind them those that are held and still taken, each once", async () => {
  const told = async (fingerprints: FingerprintPolicy, ...holds: string[]) =>
    (await featureAnswer(holding(...holds), { ...parts, fingerprints }, "prefer_newest")).supported[dedupe]?.params[
      "fingerprint_versions"
    ];
  assert.deepEqual(await told(everyFingerprint), ["sha256-jcs-v2", "sha256-jcs-v1"]);
  assert.deepEqual(await told(everyFingerprint, "sha256-jcs-v1"), ["sha256-jcs-v2", "sha256-jcs-v1"]);
  const newest = policy(["sha256-jcs-v2"], ["sha256-jcs-v1", "sha256-jcs-v2"]);
  assert.deepEqual(await told(newest), ["sha256-jcs-v2"]);
  assert.deepEqual(await told(newest, "sha256-jcs-v1", "sha256-jcs-v1"), ["sha256-jcs-v2", "sha256-jcs-v1"]);
  const retired = policy(["sha256-jcs-v2"], ["sha256-jcs-v2"]);
  assert.deepEqual(await told(retired, "sha256-jcs-v1", "of_tomorrow"), ["sha256-jcs-v2"]);
  const back = policy(["sha256-jcs-v1"], ["sha256-jcs-v1", "sha256-jcs-v2"]);
  assert.deepEqual(await told(back, "sha256-jcs-v2"), ["sha256-jcs-v1", "sha256-jcs-v2"]);
});

test("a held version that another broker may have offered since is asked after before it is left out", async () => {
  let known = false;
  const policyOfMany: FingerprintPolicy = {
    offered: () => ["sha256-jcs-v2"],
    accepts: (name) => name === "sha256-jcs-v2" || known,
    async refresh() {
      known = true;
    },
  };
  const ask = async (...holds: string[]) =>
    (await featureAnswer(holding(...holds), { ...parts, fingerprints: policyOfMany }, "prefer_newest")).supported[
      dedupe
    ]?.params;
  assert.deepEqual((await ask("sha256-jcs-v2"))?.["fingerprint_versions"], ["sha256-jcs-v2"]);
  assert.equal(known, false);
  assert.deepEqual((await ask("sha256-jcs-v1"))?.["fingerprint_versions"], ["sha256-jcs-v2", "sha256-jcs-v1"]);
});

test("version 1 of the dedupe feature is there for as long as sha256-jcs-v1 is offered", async () => {
  const versionOneAlone = offerFeatures([], { ...everyFeature(), [dedupe]: [1] });
  const missing = async (fingerprints: FingerprintPolicy) =>
    (await featureAnswer(versionOneAlone, { ...parts, fingerprints }, "prefer_newest")).missing_required;
  assert.deepEqual(await missing(everyFingerprint), []);
  assert.deepEqual(await missing(policy(["sha256-jcs-v2"], ["sha256-jcs-v1"])), [dedupe]);
});

test("a broker that is set to announce what no daemon takes does not start, and says which parameter", async (t) => {
  const limits = { inlineBytes: 1_000 };
  await assert.rejects(brokerFixture(t, { limits }), {
    code: "invalid_config",
    message: /max_payload: inline_bytes must be an integer of at least 1024, and is 1000/,
  });
});
