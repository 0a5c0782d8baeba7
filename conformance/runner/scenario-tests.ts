import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { lifetime } from "./lifetime.ts";
import { readScenarios } from "./read-scenarios.ts";
import { type SdkName, sdkOf } from "./sdks.ts";
import { type Theatre, theatre } from "./theatre.ts";

/** A test of every scenario with one SDK. They are left out, and counted, where its tool is missing. */
export function scenarioTests(name: SdkName): void {
  const sdk = sdkOf(name);
  const { life, end } = lifetime();
  let stage: Theatre | null = null;
  before(async () => {
    if (sdk.missing === null) stage = await theatre(life, sdk);
  });
  after(end);
  for (const scenario of readScenarios())
    test(`${name}: ${scenario.name}`, { skip: sdk.missing ?? false }, async () => {
      assert.ok(stage !== null, "its drivers start");
      await stage.play(scenario);
    });
}
