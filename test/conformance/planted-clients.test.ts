import assert from "node:assert/strict";
import { test } from "node:test";
import { languages } from "../../conformance/languages.ts";
import { caughtBy } from "../../conformance/planted-clients.ts";
import { clientBugs } from "../../conformance/planted/client-bugs.ts";
import { copyCheckout } from "../../conformance/planted/copied-checkout.ts";
import { readScenarios } from "../../conformance/runner/read-scenarios.ts";
import { onEnd } from "../support/on-end.ts";

// All of them by `npm run conformance:planted-clients`; the first of each is the one that would send a message twice.
for (const { name, missing } of languages) {
  test(`a client in ${name} that takes a new id for each attempt is caught by a scenario`, {
    skip: missing ?? false,
  }, async (t) => {
    const bug = clientBugs[name].find((one) => one.name === "a new id for each attempt");
    assert.ok(bug !== undefined);
    assert.match((await caughtBy(t, name, bug)) ?? "it passed", /duplicate|json|inbox_search/);
  });

  test(`${name}: every mistake that is planted in its client has its place in the source, and a scenario that is there`, (t) => {
    const copy = copyCheckout(name);
    onEnd(t, () => copy.remove());
    const scenarios = readScenarios().map((scenario) => scenario.name);
    for (const bug of clientBugs[name]) {
      copy.plant(bug)();
      assert.ok(scenarios.includes(bug.scenario), bug.scenario);
    }
  });
}
