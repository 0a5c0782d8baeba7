import assert from "node:assert/strict";
import { test } from "node:test";
import { languages } from "../../conformance/languages.ts";
import { caughtBy } from "../../conformance/planted-clients.ts";
import { clientBugs } from "../../conformance/planted/client-bugs.ts";

// All of them by `npm run conformance:planted-clients`; the first of each is the one that would send a message twice.
for (const { name, missing } of languages)
  test(`a client in ${name} that takes a new id for each attempt is caught by a scenario`, {
    skip: missing ?? false,
  }, async (t) => {
    const bug = clientBugs[name].find((one) => one.name === "a new id for each attempt");
    assert.ok(bug !== undefined);
    assert.match((await caughtBy(t, name, bug)) ?? "it passed", /duplicate|json|inbox_search/);
  });
