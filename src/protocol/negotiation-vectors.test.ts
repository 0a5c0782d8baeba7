import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answerFeatures } from "./features.ts";
import type { HelloAckFrame, HelloFrame } from "./frames.ts";
import { checkAck } from "./judge-features.ts";

type Offers = HelloFrame["features"];

/** Made by a second implementation of the rules. */
const vectors = JSON.parse(
  readFileSync(new URL("../../conformance/vectors/negotiation.json", import.meta.url), "utf8"),
) as {
  readonly answers: readonly {
    readonly name: string;
    readonly own: Parameters<typeof answerFeatures>[1];
    readonly asked: Offers;
    readonly answer: HelloAckFrame["features"];
  }[];
  readonly judgements: readonly {
    readonly name: string;
    readonly offers: Offers;
    readonly floor_days: number;
    readonly ack_features: unknown;
    readonly verdict:
      | { readonly ok: true; readonly versions: Readonly<Record<string, number>>; readonly ignored: readonly string[] }
      | { readonly ok: false; readonly kind: string; readonly feature: string };
  }[];
};

test("a broker answers the features as the vectors say", () => {
  assert.ok(vectors.answers.length >= 20);
  for (const { name, own, asked, answer } of vectors.answers)
    assert.deepEqual(answerFeatures(asked, own), answer, name);
});

test("a daemon judges the answer to the features as the vectors say", () => {
  assert.ok(vectors.judgements.length >= 150);
  for (const { name, offers, floor_days: floor, ack_features: told, verdict } of vectors.judgements) {
    const judged = checkAck(offers, told, floor);
    const found = judged.ok
      ? {
          ok: true,
          versions: Object.fromEntries(Object.entries(judged.params).map(([one, { version }]) => [one, version])),
          ignored: judged.ignored,
        }
      : { ok: false, kind: judged.kind, feature: judged.feature };
    assert.deepEqual(found, verdict, name);
  }
});
