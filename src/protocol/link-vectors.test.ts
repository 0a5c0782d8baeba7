import assert from "node:assert/strict";
import { test } from "node:test";
import { closeReason } from "./close-reason.ts";
import { answerFeatures } from "./features.ts";
import { checkAck } from "./judge-features.ts";
import { closeReasonCases, negotiationVectors } from "./vectors.fixture.ts";

const { answers, judgements } = negotiationVectors;

test("every close reason of the corpus is written as it says, to the byte", () => {
  assert.ok(closeReasonCases.length >= 30);
  for (const { name, kind, feature, detail, reason } of closeReasonCases)
    assert.equal(closeReason({ kind, feature, detail }), reason, name);
});

test("a broker of the corpus answers each offer with the highest version that both know", () => {
  assert.ok(answers.length >= 20);
  for (const { name, own, asked, answer } of answers) assert.deepEqual(answerFeatures(asked, own), answer, name);
});

test("a daemon judges each answer of the corpus as it says: versions, what is ignored, or the first failure", () => {
  assert.ok(judgements.length >= 150);
  for (const { name, offers, floor_days, ack_features, verdict } of judgements) {
    const judged = checkAck(offers, ack_features, floor_days);
    const told = judged.ok
      ? {
          ok: true,
          versions: Object.fromEntries(
            Object.entries(judged.params).map(([feature, { version }]) => [feature, version]),
          ),
          ignored: judged.ignored,
        }
      : { ok: false, kind: judged.kind, feature: judged.feature };
    assert.deepEqual(told, verdict, name);
  }
});
