import assert from "node:assert/strict";
import { test } from "node:test";
import { languages } from "../../conformance/languages.ts";
import { clientBugs } from "../../conformance/planted/client-bugs.ts";
import { copyCheckout } from "../../conformance/planted/copied-checkout.ts";
import { hunt, plantedBugs } from "../../conformance/planted-bugs.ts";
import { onEnd } from "../support/on-end.ts";

/** Of each SDK these are planted here; all of them by `npm run conformance:planted`. */
const sampled = ["keys in the order of the text", "mentions in the order of the envelope"];

for (const { name, missing } of languages) {
  test(`${name}: the vectors catch a bug that is planted in its SDK`, { skip: missing ?? false }, async () => {
    const bugs = plantedBugs[name].filter((bug) => sampled.includes(bug.name));
    const hunted = await hunt(name, bugs);
    assert.deepEqual(
      hunted.map(({ bug, caught }) => [bug.name, typeof caught]),
      sampled.map((bug) => [bug, "string"]),
    );
  });

  test(`${name}: every planted bug has its place in the source, and a name of its own`, (t) => {
    const copy = copyCheckout(name);
    onEnd(t, () => copy.remove());
    assert.ok(plantedBugs[name].length >= 20);
    const bugs = [...plantedBugs[name], ...clientBugs[name]];
    for (const bug of bugs) copy.plant(bug)();
    const names = bugs.map((bug) => `${bug.file}: ${bug.name}`);
    assert.equal(new Set(names).size, names.length);
  });
}

test("a bug whose search text is gone, or stands twice, is an error: it would test nothing", (t) => {
  const copy = copyCheckout("typescript");
  onEnd(t, () => copy.remove());
  const bug = { name: "x", file: "src/protocol/meta.ts", replace: "" };
  assert.throws(() => copy.plant({ ...bug, find: "no such text" }), /stands 0 times/);
  assert.throws(() => copy.plant({ ...bug, find: "canonicalMeta" }), /times in .*meta\.ts, not once/);
});

test("a bug that changes nothing is told as one that is not caught", async () => {
  const idle = { name: "idle", file: "src/protocol/meta.ts", find: "const bytes = ", replace: "const bytes =  " };
  assert.deepEqual(await hunt("typescript", [idle]), [{ bug: idle, caught: null }]);
});

test("a bug with which the adapter does not even start is an error: it would pass for one that is caught", async () => {
  const broken = { name: "broken", file: "src/protocol/meta.ts", find: "const bytes = ", replace: "const = " };
  await assert.rejects(hunt("typescript", [broken]), /typescript, "broken" .* ended with 1/);
});
